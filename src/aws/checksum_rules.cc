#include "aws/checksum_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/protocol/common.h"
#include "base/encoding.h"

namespace reeve::aws {
namespace {

constexpr std::string_view prefix = "x-amz-checksum-";
constexpr ChecksumKind usual = ChecksumKind::crc32;

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return out;
}

std::string uppered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  return out;
}

std::string header_for(ChecksumKind kind) { return std::string(prefix) + lowered(name(kind)); }

/// Whether the caller gave a checksum: members bound to its header.
bool has_one(const HttpRequest& http) {
  return std::ranges::any_of(http.headers, [](const auto& header) {
    const std::string name = lowered(header.first);
    return name.starts_with(prefix) && name != "x-amz-checksum-algorithm" && name != "x-amz-checksum-mode" &&
           name != "x-amz-checksum-type";
  });
}

Error wrong(const HeldChecksum& expected, std::string_view found) {
  return {.code = Code::malformed,
          .message = fmt::format("the content that came has the {} {}, not {} as {} says: it was damaged on the way",
                                 name(expected.kind), found, expected.text, expected.name)};
}

class CheckedReader final : public ByteReader {
 public:
  CheckedReader(std::shared_ptr<ByteReader> from, HeldChecksum expected)
      : from_(std::move(from)), expected_(std::move(expected)), checksum_(expected_.kind) {}
  Task<Result<std::string>> next() override {
    Task<Result<std::string>> inner = from_->next();
    Result<std::string> piece = co_await std::move(inner);
    if (!piece || over_) co_return piece;
    checksum_.add(*piece);
    if (!piece->empty()) co_return piece;
    over_ = true;
    const std::string found = encode_base64(checksum_.take());
    if (found == expected_.text) co_return piece;
    co_return fail(wrong(expected_, found));
  }

 private:
  std::shared_ptr<ByteReader> from_;
  HeldChecksum expected_;
  Checksum checksum_;
  bool over_ = false;
};

}  // namespace

Result<std::optional<HeldChecksum>> request_checksum(const Operation& operation, Value params, ChecksumUse use,
                                                     HttpRequest& http) {
  const std::string_view member = operation.checksum_algorithm_member;
  if (has_one(http)) return std::nullopt;
  if (member.empty()) {
    if (!operation.checksum_required || !header_of(http, "Content-MD5").empty()) return std::nullopt;
    return HeldChecksum{ChecksumKind::md5, "content-md5"};
  }
  if (const Value asked = params[member]; asked.is_text()) {
    const auto kind = checksum_kind(uppered(asked.as_text()));
    if (!kind || *kind == ChecksumKind::md5) {
      return fail(
          {.code = Code::invalid_params,
           .message = fmt::format("{} is {}, a checksum that Reeve does not make", member, asked.as_text()),
           .hint = "CRC32, CRC32C, CRC64NVME, SHA1 and SHA256 are known; any other can be given as its member"});
    }
    return HeldChecksum{*kind, header_for(*kind)};
  }
  if (!operation.checksum_required && use == ChecksumUse::when_required) return std::nullopt;
  if (const Member* told = operation.input->find(member); told != nullptr && told->location == Location::header) {
    http.headers.emplace_back(told->location_name, name(usual));
  }
  return HeldChecksum{usual, header_for(usual)};
}

std::string_view checksum_to_ask_for(const Operation& operation, Value params, ChecksumUse use) {
  const std::string_view member = operation.checksum_mode_member;
  return use == ChecksumUse::when_required || member.empty() || params.find(member) ? std::string_view{} : member;
}

std::optional<HeldChecksum> response_checksum(const Operation& operation, Value params, const HttpResponse& http) {
  const Value mode = params[operation.checksum_mode_member];
  if (operation.checksum_mode_member.empty() || mode.is_null() || params.find("Range")) return std::nullopt;
  for (const std::string_view algorithm : operation.response_checksums) {
    const auto kind = checksum_kind(algorithm);
    if (!kind) continue;
    std::string header = header_for(*kind);
    const std::string_view text = http.header(header);
    if (!text.empty() && text.find('-') == std::string_view::npos) {
      return HeldChecksum{*kind, std::move(header), std::string(text)};
    }
  }
  return std::nullopt;
}

Result<void> check(const HeldChecksum& expected, std::string_view body) {
  const std::string found = encode_base64(checksum(expected.kind, body));
  if (found == expected.text) return {};
  return fail(wrong(expected, found));
}

std::shared_ptr<ByteReader> checked(std::shared_ptr<ByteReader> from, HeldChecksum expected) {
  return std::make_shared<CheckedReader>(std::move(from), std::move(expected));
}

}  // namespace reeve::aws
