#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reeve {

/// Names of map members, each with a small number, so that records hold four bytes instead of a name. One engine has
/// one Keys, shared by its models and documents. Only models intern (their own member names); what comes from outside
/// is spelled out in the documents, so input can't make this grow. Safe from any thread; reading never locks.
class Keys : public std::enable_shared_from_this<Keys> {
 public:
  using Id = std::uint32_t;
  static constexpr Id none = 0xFFFFFF;  ///< the id of no key

  Keys();
  ~Keys();
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  /// The number of a name; a new one the first time.
  Id intern(std::string_view name);
  /// The number of a name, or `none` if nobody interned it.
  Id find(std::string_view name) const;
  /// The name of a number that intern() gave, and no other. The view lives as long as this object.
  std::string_view name(Id id) const;

 private:
  struct Table;
  static constexpr std::size_t chunk = 4096;
  std::array<std::atomic<std::string_view*>, ((std::size_t{1} << 24) / chunk)> names_{};
  std::atomic<const Table*> table_{nullptr};
  std::mutex mutex_;
  std::uint32_t size_ = 0;
  std::vector<std::unique_ptr<Table>> tables_;  // old ones stay: readers may still look at them
  std::vector<std::unique_ptr<std::string_view[]>> chunks_;
  std::vector<std::unique_ptr<char[]>> texts_;
};

}  // namespace reeve
