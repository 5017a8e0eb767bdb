#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api.h"
#include "aws/model.h"
#include "aws/recording_mask.h"
#include "base/seams.h"

namespace reeve::aws {

/// Writes every call that passes and its answer into a folder, a JSON file an exchange (docs/formats/recording.md).
/// Secrets and account numbers are masked before anything is written; the caller gets the answer as it is. `models` say
/// what is sensitive; `random` makes the salt of a new recording's mask. Errors: those of the inner Api, and io where a
/// file cannot be written (the call has then taken place).
class Record : public Api {
 public:
  Record(Api& inner, Disk& disk, std::string folder, Models& models, Random& random)
      : inner_(inner), disk_(disk), folder_(std::move(folder)), models_(models), random_(random) {}
  Task<Result<Response>> call(Request request) override;

 private:
  Result<std::size_t> next_number();
  Api& inner_;
  Disk& disk_;
  std::string folder_;
  Models& models_;
  Random& random_;
  std::optional<Mask> mask_;
  std::size_t next_ = 0;  // 0: the folder has not been looked at yet
};

/// Answers from a recording, at once and one call after another: the first exchange, in the order of the files' names,
/// of the same operation, scope and params that has not been used. Requests are masked as the recording's were before
/// they are compared, so that they may hold the real account numbers or the recording's own. Errors: what was recorded;
/// not_found where nothing fits, with the nearest exchange as the hint.
class Replay : public Api {
 public:
  /// `models` are those that the recording was made with. Errors: io, not_found (no such folder), malformed (names the
  /// file).
  static Result<std::unique_ptr<Replay>> open(Disk& disk, const std::string& folder, Models& models);
  ~Replay() override;
  Task<Result<Response>> call(Request request) override;
  /// Exchanges that nobody asked for yet, as "file: service.Operation".
  std::vector<std::string> unused() const;

 private:
  struct Exchange;
  Replay(Models& models, Mask mask);
  static Result<Exchange> read_exchange(std::string_view text, const std::string& file,
                                        const std::shared_ptr<const Keys>& keys);
  Models& models_;
  Mask mask_;
  std::vector<Exchange> exchanges_;
};

/// JSON that gives the same document back: what JSON has no word for is {"$time": …}, {"$blob": …}, {"$unknown": …},
/// {"$real": "NaN"}; a map whose only key begins with "$" is {"$map": …}.
std::string write_typed_json(Value value);
/// Reads write_typed_json's text. Errors: malformed.
Result<Document> read_typed_json(std::string_view text, const std::shared_ptr<const Keys>& keys = nullptr);
/// The same of a value that has been read as plain JSON.
Result<Document> from_typed(Value value, const std::shared_ptr<const Keys>& keys = nullptr);

}  // namespace reeve::aws
