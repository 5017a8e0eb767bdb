#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api.h"
#include "base/seams.h"

namespace reeve::aws {

/// Writes every call that passes and its answer into a folder, a JSON file an exchange (docs/formats/recording.md).
/// Errors: those of the inner Api, and io where a file cannot be written (the call has then taken place).
class Record : public Api {
 public:
  Record(Api& inner, Disk& disk, std::string folder) : inner_(inner), disk_(disk), folder_(std::move(folder)) {}
  Task<Result<Response>> call(Request request) override;

 private:
  Result<std::size_t> next_number();
  Api& inner_;
  Disk& disk_;
  std::string folder_;
  std::size_t next_ = 0;  // 0: the folder has not been looked at yet
};

/// Answers from a recording, at once and one call after another: the first exchange, in the order of the files' names,
/// of the same operation, scope and params that has not been used. Errors: what was recorded; not_found where nothing
/// fits, with the nearest exchange as the hint.
class Replay : public Api {
 public:
  /// Errors: io, not_found (no such folder), malformed (names the file).
  /// `keys` those of the models, or null.
  static Result<std::unique_ptr<Replay>> open(Disk& disk, const std::string& folder,
                                              const std::shared_ptr<const Keys>& keys = nullptr);
  ~Replay() override;
  Task<Result<Response>> call(Request request) override;
  /// Exchanges that nobody asked for yet, as "file: service.Operation".
  std::vector<std::string> unused() const;

 private:
  struct Exchange;
  Replay();
  static Result<Exchange> read_exchange(std::string_view text, const std::string& file,
                                        const std::shared_ptr<const Keys>& keys);
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
