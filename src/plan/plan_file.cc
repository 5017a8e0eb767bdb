#include "plan/plan_file.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/encoding.h"
#include "base/json.h"
#include "plan/plan_json.h"

// The file, a JSON object a line: {"format":1,"plan":{…}}, then {"row":{…}}, {"kept":{…}}, {"error":{…}},
// {"calls":{…}}, and last {"end":{"rows":N,"digest":"…"}}, the digest over all bytes before that line.
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

Result<void> write_plan(Disk& disk, const std::string& path, Plan& plan) {
  const std::string beside = path + ".tmp";
  {
    TRY(auto file, disk.open(beside, Disk::Open::create));
    TRY(file->truncate(0));
    Digest digest;
    std::uint64_t at = 0;
    std::string buffer;
    auto flush = [&]() -> Result<void> {
      digest.add(buffer);
      TRY(file->write(at, buffer));
      at += buffer.size();
      buffer.clear();
      return {};
    };
    auto put = [&](std::string line) -> Result<void> {
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
    for (const auto& row : plan.rows) TRY(put(line_of("row", [&](Builder& to) { put_row(to, row, true); })));
    for (const auto& kept : plan.kept) TRY(put(line_of("kept", [&](Builder& to) { put_kept(to, kept); })));
    for (const auto& error : plan.errors) TRY(put(line_of("error", [&](Builder& to) { put_error(to, error); })));
    TRY(put(line_of("planned_with", [&](Builder& to) {
      to.begin_map();
      put_calls(to, plan.calls);
      to.end();
    })));
    TRY(flush());
    plan.header.digest = digest.hex();
    const std::string end = line_of("end", [&](Builder& to) {
      to.begin_map();
      to.put("rows", static_cast<std::int64_t>(plan.rows.size()));
      to.put("digest", plan.header.digest);
      to.end();
    });
    TRY(file->write(at, end));
    TRY(file->sync());
  }
  TRY(disk.rename(beside, path));
  const auto slash = path.find_last_of('/');
  return disk.sync_folder(slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1)));
}

Result<void> PlanFile::each_line(const std::function<Result<void>(std::string_view)>& line) const {
  TRY(auto file, disk_->open(path_, Disk::Open::read));
  std::string buffer;
  std::uint64_t at = 0;
  for (bool more = true; more;) {
    const std::size_t had = buffer.size();
    buffer.resize(had + buffer_bytes);
    TRY(const auto got, file->read(at, std::span<char>(buffer).subspan(had)));
    buffer.resize(had + got);
    at += got;
    more = got > 0;
    std::size_t start = 0;
    for (std::size_t end = buffer.find('\n', had); end != std::string::npos; end = buffer.find('\n', start)) {
      TRY(line(std::string_view(buffer).substr(start, end + 1 - start)));
      start = end + 1;
    }
    buffer.erase(0, start);
    if (buffer.size() > line_bytes) return damaged(path_, "a line is too long");
  }
  if (!buffer.empty()) return damaged(path_, "its last line is torn");
  return {};
}

Result<PlanFile> PlanFile::open(Disk& disk, const std::string& path) {
  PlanFile plan(disk, path);
  Digest digest;
  std::string previous;  // a line is digested when the next one shows that it is not the last
  std::string head;
  std::size_t rows = 0;
  TRY(plan.each_line([&](std::string_view line) -> Result<void> {
    digest.add(previous);
    previous = line;
    if (head.empty()) head = line;
    if (line.starts_with("{\"row\":")) ++rows;
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

Result<void> PlanFile::each_row(const std::function<Result<void>(Row)>& row) const {
  return each_line([&](std::string_view line) -> Result<void> {
    if (!line.starts_with("{\"row\":")) return {};
    TRY(const Document document, parse_json(line));
    TRY(Row read, row_from(document["row"]));
    return row(std::move(read));
  });
}

Result<void> PlanFile::each_kept(const std::function<Result<void>(Value)>& kept) const {
  return each_line([&](std::string_view line) -> Result<void> {
    if (!line.starts_with("{\"kept\":")) return {};
    TRY(const Document document, parse_json(line));
    return kept(document["kept"]);
  });
}

}  // namespace reeve::plan
