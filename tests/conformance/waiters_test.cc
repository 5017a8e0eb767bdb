// Waiters by model against REEVE_SHARED/conformance/retries/waiters.json (botocore as the oracle): how each sequence of
// answers ends, after how many looks, and how long it took by the virtual clock.
#include "aws/waiters.h"

#include <gtest/gtest.h>

#include "aws/errors.h"
#include "base/sim_seams.h"
#include "suite_files.h"

namespace reeve::aws {
namespace {

/// Answers as a case says; the last answer repeats for ever.
class Answers : public Api {
 public:
  explicit Answers(Value responses) : responses_(responses) {}
  Task<Result<Response>> call(Request request) override {
    const Value one = responses_[std::min<std::size_t>(looks, responses_.size() - 1)];
    ++looks;
    const int status = static_cast<int>(one["ResponseMetadata"]["HTTPStatusCode"].as_integer());
    const std::string code = one["Error"]["Code"].as_string();
    if (status >= 300 || !code.empty()) {
      const WireError wire{.code = code, .message = "m", .status = status};
      co_return fail(to_error(wire, nullptr, {.operation = request.operation_name(), .host = "x.amazonaws.com"}));
    }
    Builder document;
    document.begin_map();
    for (const auto [key, value] : one.entries()) {
      if (key != "ResponseMetadata") document.put(key, value);
    }
    document.end();
    co_return Response{.document = document.finish(), .meta = {.status = status, .request_id = "r"}};
  }
  std::size_t looks = 0;

 private:
  Value responses_;
};

TEST(Waiters, EveryCase) {
  const Document suite = suite_file("retries/waiters.json");
  if (suite.root().is_null()) return;
  Models models;
  const int most = static_cast<int>(suite["max_attempts"].as_integer());
  int cases = 0, passed = 0;
  for (const Value c : suite["cases"].items()) {
    ++cases;
    SCOPED_TRACE(to_json(c));
    SimWorld world;
    Answers api(c["responses"]);
    Task<Result<Response>> wait = wait_until(api, models, world.loop, c["waiter"].as_string(),
                                             {.service = c["service"].as_string()}, {.attempts_most = most});
    const Steady start = world.clock.steady();
    const auto end = world.loop.run(std::move(wait));
    const std::string outcome = end ? "success" : end.error().code == Code::timed_out ? "timeout" : "failure";
    const Duration slept = std::chrono::seconds(c["sleeps"].as_integer() * c["delay_s"].as_integer());
    const bool good = outcome == c["outcome"].as_text() && std::cmp_equal(api.looks, c["polls"].as_integer()) &&
                      world.clock.steady() - start == slept;
    EXPECT_TRUE(good) << outcome << " after " << api.looks << " looks" << (end ? "" : ": " + end.error().text());
    passed += good ? 1 : 0;
  }
  std::cout << "retries waiters: " << cases << " cases, " << passed << " passed, 0 left out\n";
  EXPECT_EQ(cases, 914);
}

}  // namespace
}  // namespace reeve::aws
