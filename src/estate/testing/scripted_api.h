#pragma once
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "aws/api.h"
#include "base/json.h"

namespace reeve::estate::testing {

/// A clock that stands still, except where a loop waits on it.
class StillClock : public Clock {
 public:
  explicit StillClock(Time now) : wall_(now) {}
  Time wall() override { return wall_; }
  Steady steady() override { return steady_; }
  bool advance_to(Steady when) override {
    wall_ = wall_ + (when - steady_);
    steady_ = when;
    return true;
  }

 private:
  Time wall_;
  Steady steady_{};
};

/// JSON as a codec would have decoded it: texts of members whose names end in Time or On are timestamps.
inline void put_decoded(Builder& b, Value value, bool is_time) {
  if (value.is_map()) {
    b.begin_map();
    for (const auto [key, member] : value.entries()) {
      b.key(key);
      put_decoded(b, member, key.ends_with("Time") || key.ends_with("On"));
    }
    return b.end();
  }
  if (value.is_list()) {
    b.begin_list();
    for (const Value item : value.items()) put_decoded(b, item, is_time);
    return b.end();
  }
  if (is_time && value.is_text()) {
    if (const auto time = parse_iso8601(value.as_text())) return b.add(*time);
  }
  b.add(value);
}
inline Document decoded(std::string_view json) {
  const auto parsed = parse_json(json);
  REEVE_ASSERT(parsed.has_value());
  Builder b;
  put_decoded(b, *parsed, false);
  return b.finish();
}

/// An Api whose answers a test writes down: by "service.Operation", a JSON text, an error, or a function of the
/// parameters. What nobody wrote down is answered as an unknown operation.
class ScriptedApi : public aws::Api {
 public:
  using Handler = std::function<Result<Document>(Value params)>;

  void on(const std::string& operation, std::string json) {
    handlers_[operation] = [json = std::move(json)](Value) -> Result<Document> { return decoded(json); };
  }
  void on(const std::string& operation, Handler handler) { handlers_[operation] = std::move(handler); }
  void fails(const std::string& operation, Code code, std::string message) {
    handlers_[operation] = [code, message = std::move(message)](Value) -> Result<Document> {
      return fail(code, message);
    };
  }

  Task<Result<aws::Response>> call(aws::Request request) override {
    const std::string operation = request.operation_name();
    calls.emplace_back(operation, to_json(request.params));
    const auto found = handlers_.find(operation);
    Result<Document> answer = found == handlers_.end() ? fail(Code::unsupported, "the operation is not known here")
                                                       : found->second(request.params);
    if (!answer) {
      Error error = std::move(answer).error();
      error.operation = operation;
      return ready(Result<aws::Response>(std::unexpected(std::move(error))));
    }
    return ready(Result<aws::Response>(aws::Response{.document = *std::move(answer), .meta = {}}));
  }

  std::size_t count(std::string_view operation) const {
    std::size_t n = 0;
    for (const auto& [name, params] : calls) n += name == operation ? 1U : 0U;
    return n;
  }

  std::vector<std::pair<std::string, std::string>> calls;  ///< operation, parameters as JSON; in order

 private:
  std::map<std::string, Handler> handlers_;
};

}  // namespace reeve::estate::testing
