#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "estate/reader.h"

namespace reeve::policy {

/// What is around snapshots: volumes, the bin they may be in, instances, and all own snapshots. Each part is listed
/// once a reader; a part that could not be read is nullopt, with the reason.
class StaleWorld {
 public:
  struct Wanted {
    bool bin = false, instances = false, snapshots = false;
  };
  /// Lists what is wanted, at once; volumes always.
  static Task<StaleWorld> read(estate::Reader& reader, Wanted wanted);

  /// Something looked up: there, not there, or unknown with a reason.
  struct Found {
    enum class Is : std::uint8_t { there, absent, unknown };
    Is is = Is::absent;
    Value value = {};
    std::string why = {};  ///< of unknown
  };
  Found volume(std::string_view id) const;
  Found volume_in_bin(std::string_view id) const;
  bool bin_unsupported() const { return bin_ && bin_->unsupported; }
  Found instance(std::string_view id) const;
  /// Of a volume's own snapshots: the newest completed one (a null id where none is), and how many there are.
  struct Chain {
    const estate::Record* newest = nullptr;
    std::size_t count = 0;
  };
  std::optional<Chain> chain(std::string_view volume) const;  ///< nullopt: unknown, see snapshots_problem()
  const std::string& snapshots_problem() const { return snapshots_problem_; }

 private:
  void index_snapshots();
  void index_bin();
  std::shared_ptr<const estate::Listing> volumes_, instances_, snapshots_;
  std::shared_ptr<const estate::Reader::Items> bin_;
  std::string volumes_problem_, bin_problem_, instances_problem_, snapshots_problem_;
  std::unordered_map<std::string_view, Chain> chains_;  // keys are texts of snapshots_
  std::unordered_map<std::string_view, Value> in_bin_;  // keys and values are of bin_
};

}  // namespace reeve::policy
