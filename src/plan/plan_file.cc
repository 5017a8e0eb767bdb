#include "plan/plan_file.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <unordered_set>

#include "base/encoding.h"
#include "base/json.h"
#include "plan/plan_json.h"

// The file, a JSON object a line: docs/formats/plan.md.
namespace reeve::plan {
namespace {

/// A row's line is a few kilobytes; policies with long lists make headers of megabytes.
constexpr std::size_t line_bytes = std::size_t{64} << 20;
constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  ~Digest() { EVP_MD_CTX_free(context_); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  std::string hex() {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_, out, &size);
    return encode_hex({reinterpret_cast<const char*>(out), size});
  }

 private:
  EVP_MD_CTX* context_;
};

std::unexpected<Error> damaged(const std::string& path, std::string_view what) {
  return fail({.code = Code::plan_damaged,
               .message = fmt::format("the plan file is damaged or was changed: {}", what),
               .resource = path,
               .hint = "Make the plan again"});
}

constexpr std::string_view row_start = R"({"row":)";

/// The id at the front of a row's line as write_plan writes it; empty where it stands elsewhere.
std::string_view row_id_of(std::string_view line) {
  constexpr std::string_view front = R"({"row":{"row":")";
  if (!line.starts_with(front)) return {};
  line.remove_prefix(front.size());
  return line.substr(0, line.find('"'));
}

template <class Put>
std::string line_of(std::string_view key, const Put& put) {
  Builder b;
  b.begin_map();
  b.key(key);
  put(b);
  b.end();
  return to_json(b.finish()) + "\n";
}

}  // namespace

Result<void> write_plan(Disk& disk, const std::string& path, Plan& plan, const RowSource& rows) {
  return disk.replace_file(path, [&](const Disk::Pieces& write) -> Result<void> {
    Digest digest;
    std::string buffer;
    std::int64_t written = 0;
    auto flush = [&]() -> Result<void> {
      digest.add(buffer);
      TRY(write(buffer));
      buffer.clear();
      return {};
    };
    auto put = [&](const std::string& line) -> Result<void> {
      buffer += line;
      return buffer.size() > buffer_bytes ? flush() : Result<void>{};
    };
    plan.header.digest.clear();
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.key("plan");
    put_header(b, plan.header, true);
    b.end();
    TRY(put(to_json(b.finish()) + "\n"));
    TRY(rows([&](const Row& row) -> Result<void> {
      ++written;
      return put(line_of("row", [&](Builder& to) { put_row(to, row, true); }));
    }));
    for (const auto& kept : plan.kept) TRY(put(line_of("kept", [&](Builder& to) { put_kept(to, kept); })));
    for (const auto& error : plan.errors) TRY(put(line_of("error", [&](Builder& to) { put_error(to, error); })));
    TRY(put(line_of("planned_with", [&](Builder& to) {
      to.begin_map();
      put_calls(to, plan.calls);
      to.end();
    })));
    TRY(flush());
    plan.header.digest = digest.hex();
    return write(line_of("end", [&](Builder& to) {
      to.begin_map();
      to.put("rows", written);
      to.put("digest", plan.header.digest);
      to.end();
    }));
  });
}

Result<LineReader> LineReader::open(Disk& disk, const std::string& path) {
  TRY(auto file, disk.open(path, Disk::Open::read));
  return LineReader(std::move(file), path);
}

Result<std::optional<std::string_view>> LineReader::next() {
  while (true) {
    const auto end = buffer_.find('\n', searched_);
    if (end != std::string::npos) {
      const auto line = std::string_view(buffer_).substr(start_, end + 1 - start_);
      start_ = searched_ = end + 1;
      return std::optional(line);
    }
    buffer_.erase(0, start_);
    start_ = 0;
    searched_ = buffer_.size();
    if (buffer_.size() > line_bytes) return damaged(path_, "a line is too long");
    buffer_.resize(searched_ + buffer_bytes);
    TRY(const auto got, file_->read(at_, std::span<char>(buffer_).subspan(searched_)));
    buffer_.resize(searched_ + got);
    at_ += got;
    if (got > 0) continue;
    if (!buffer_.empty()) return damaged(path_, "its last line is torn");
    return std::optional<std::string_view>{};
  }
}

Result<std::optional<Row>> RowReader::next() {
  while (true) {
    TRY(const auto line, lines_.next());
    if (!line) return std::optional<Row>{};
    if (!line->starts_with(row_start)) continue;
    TRY(const Document document, parser_.parse(*line));
    TRY(Row row, row_from(document["row"]));
    return std::optional(std::move(row));
  }
}

Result<void> PlanFile::each_line(const std::function<Result<void>(std::string_view)>& line) const {
  TRY(LineReader lines, LineReader::open(*disk_, path_));
  while (true) {
    TRY(const auto next, lines.next());
    if (!next) return {};
    TRY(line(*next));
  }
}

Result<PlanFile> PlanFile::open(Disk& disk, const std::string& path) {
  PlanFile plan(disk, path);
  Digest digest;
  std::string previous;  // a line is digested when the next one shows that it is not the last
  std::string head;
  std::size_t rows = 0;
  std::unordered_set<std::size_t> ids;  // by hash: a plan may have a million rows
  TRY(plan.each_line([&](std::string_view line) -> Result<void> {
    digest.add(previous);
    previous = line;
    if (head.empty()) head = line;
    if (!line.starts_with(row_start)) return {};
    ++rows;
    const auto id = row_id_of(line);
    if (!id.empty() && !ids.insert(std::hash<std::string_view>{}(id)).second) {
      return damaged(path, fmt::format("row {} stands there twice", id));
    }
    return {};
  }));
  const auto end = parse_json(previous);
  if (!end || !(*end)["end"].is_map()) return damaged(path, "its end is missing");
  if ((*end)["end"]["digest"].as_text() != digest.hex()) return damaged(path, "its digest does not match its content");
  if ((*end)["end"]["rows"].as_integer() != static_cast<std::int64_t>(rows)) return damaged(path, "rows are missing");
  const auto header = parse_json(head);
  if (!header || (*header)["format"].as_integer() != 1) return damaged(path, "it is not a plan of format 1");
  TRY(plan.header_, header_from((*header)["plan"]));
  plan.header_.digest = (*end)["end"]["digest"].as_string();
  plan.rows_ = rows;
  return plan;
}

Result<RowReader> PlanFile::rows() const {
  TRY(LineReader lines, LineReader::open(*disk_, path_));
  return RowReader(std::move(lines));
}

Result<void> PlanFile::each_row(const std::function<Result<void>(Row)>& row) const {
  TRY(RowReader reader, rows());
  while (true) {
    TRY(auto next, reader.next());
    if (!next) return {};
    TRY(row(*std::move(next)));
  }
}

RowSource PlanFile::source() const {
  return [file = *this](const RowSink& sink) { return file.each_row(sink); };
}

Result<void> PlanFile::each(std::string_view sort, const std::function<Result<void>(Value)>& object) const {
  const std::string start = fmt::format("{{\"{}\":", sort);
  return each_line([&](std::string_view line) -> Result<void> {
    if (!line.starts_with(start)) return {};
    TRY(const Document document, parse_json(line));
    return object(document[sort]);
  });
}

Result<void> PlanFile::copy_to(const std::string& path) const {
  return disk_->replace_file(path, [this](const Disk::Pieces& put) { return each_line(put); });
}

}  // namespace reeve::plan
