#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "aws/model.h"
#include "base/document.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// What a recording must not tell: secrets become `masked`, and account numbers and access key ids invented ones, the
/// same ones everywhere in a recording, so that requests of a replay match (docs/formats/recording.md).
///
/// Secret is what the models call `sensitive`, what bears a name that secrets bear in AWS's APIs, what signs a URL, and
/// whatever was secret once in this recording. An account number is any twelve digits that stand alone; one that was
/// seen so is found inside of other texts, too.
class Mask {
 public:
  static constexpr std::string_view masked = "masked";
  /// The file of a recording that holds the salt and the invented numbers, never a real one.
  static constexpr std::string_view file_name = "mask.json";

  /// The mask of a recording that is made or gone on with: its numbers are the same as before. Errors: io, malformed.
  static Result<Mask> open(Disk& disk, const std::string& folder, Random& random);
  /// The mask of a recording that is replayed: the invented numbers stay as they are, real ones become theirs. Without
  /// the file nothing is masked. Errors: io, malformed.
  static Result<Mask> replaying(Disk& disk, const std::string& folder);

  /// Notices what is secret in a value, and the account numbers in it. `shape` is the model's, or nullptr.
  void learn(Value value, const Shape* shape);
  void learn_account(std::string_view id);
  /// The value without what was learned. Keys of maps are looked at, too.
  Document apply(Value value, const Shape* shape, const std::shared_ptr<const Keys>& keys = nullptr) const;
  std::string apply(std::string_view text) const;

  /// Writes the file where there are numbers that it does not hold yet. Errors: io.
  Result<void> save(Disk& disk, const std::string& folder);

 private:
  explicit Mask(std::string salt) : salt_(std::move(salt)) {}
  static Result<Mask> read(Disk& disk, const std::string& folder);
  std::string digest(std::string_view text) const;
  std::string invented_account(std::string_view id) const;
  std::string invented_key(std::string_view id) const;
  void learn_text(std::string_view text);
  void learn_secret(Value value);
  void write(Builder& out, Value value, const Shape* shape, bool secret) const;
  std::string replace_numbers(std::string_view text) const;

  std::string salt_;  // empty: nothing is masked
  bool replaying_ = false;
  bool saved_ = false;                                     // the file holds all of `invented_`
  std::set<std::string, std::less<>> invented_;            // all that this recording invented
  std::map<std::string, std::string, std::less<>> known_;  // a real number or key id → the invented one
  std::set<std::string, std::less<>> secrets_;
};

}  // namespace reeve::aws
