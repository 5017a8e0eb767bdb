#include "base/seams.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/path.h"

namespace reeve {

std::uint64_t Random::below(std::uint64_t bound) {
  if (bound == 0) return 0;
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;  // reject the uneven tail
  std::uint64_t x = next();
  while (x >= limit) x = next();
  return x % bound;
}

std::string Random::uuid() {
  const std::uint64_t a = (next() & ~std::uint64_t{0xF000}) | 0x4000;
  const std::uint64_t b = (next() & ~(std::uint64_t{3} << 62)) | (std::uint64_t{1} << 63);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFFF, b >> 48,
                     b & 0xFFFFFFFFFFFF);
}

std::string_view HttpResponse::header(std::string_view name) const {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const auto& [key, value] : headers) {
    if (std::ranges::equal(key, name, {}, lower, lower)) return value;
  }
  return {};
}

Result<std::string> Disk::read_file(const std::string& path, std::size_t most) {
  TRY(auto file, open(path, Open::read));
  TRY(const auto size, file->size());
  constexpr std::uint64_t least_step = 64 * 1024;
  std::string content;
  while (true) {  // not by its size alone: a pipe and /proc say 0
    const std::size_t had = content.size();
    const std::size_t step =
        static_cast<std::size_t>(std::max<std::uint64_t>(std::min<std::uint64_t>(size, most) + 1, least_step));
    content.resize(had + step);
    TRY(const auto got, file->read(had, std::span(content).subspan(had)));
    content.resize(had + got);
    if (content.size() > most) {
      return fail({.code = Code::limit_exceeded,
                   .message = fmt::format("'{}' is larger than the {} bytes that are read", path, most),
                   .resource = path});
    }
    if (got < step) return content;
  }
}

Result<void> Disk::write_file(const std::string& path, std::string_view content) {
  return replace_file(path, [content](const Pieces& put) { return put(content); });
}

Result<void> Disk::replace_file(const std::string& path, const std::function<Result<void>(const Pieces&)>& content) {
  const std::string beside = path + ".tmp";
  auto write = [&]() -> Result<void> {
    TRY(auto file, open(beside, Open::create));
    TRY(file->truncate(0));
    std::uint64_t at = 0;
    TRY(content([&](std::string_view piece) -> Result<void> {
      TRY(file->write(at, piece));
      at += piece.size();
      return {};
    }));
    return file->sync();
  };
  if (auto written = write(); !written) {
    static_cast<void>(remove(beside));  // half a file helps nobody; the first error is the one that counts
    return written;
  }
  TRY(rename(beside, path));
  return sync_folder(folder_of(path));
}

}  // namespace reeve
