// The SDKs' standard and adaptive retry modes against REEVE_SHARED/conformance/retries/standard.json (botocore as the
// oracle): what is tried again, the delays, the quota, the adaptive mode's curve and its token bucket; and the legacy
// mode against botocore's table.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "aws/errors.h"
#include "aws/limiter.h"
#include "aws/retry.h"
#include "aws/retry_legacy.h"
#include "base/json.h"
#include "base/sim_seams.h"
#include "suite_files.h"

namespace reeve::aws {
namespace {

class Retries : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("REEVE_SHARED");
    const std::string path = std::string(shared ? shared : "../shared") + "/conformance/retries/standard.json";
    std::ifstream in(path, std::ios::binary);
    if (!in) {
      std::cout << "the suite conformance/retries is not here: not run\n";
      GTEST_SKIP();
    }
    std::stringstream text;
    text << in.rdbuf();
    Result<Document> document = parse_json(text.str());
    ASSERT_TRUE(document) << document.error().text();
    suite_ = *document;

    for (Shape* shape : {&retryable_, &throttling_, &plain_}) {
      shape->exception = true;
      operation_.errors.push_back(shape);
    }
    retryable_.name = retryable_.error_code = "ModeledRetry";
    retryable_.retryable = true;
    throttling_.name = throttling_.error_code = "ModeledThrottle";
    throttling_.retryable = throttling_.throttling = true;
    plain_.name = plain_.error_code = "ModeledPlain";
  }

  /// A row of the suite as the error that the door would give; nullopt for an answer that is none.
  std::optional<Error> error_of(Value row) const {
    static const std::map<std::string, Code, std::less<>> exceptions = {
        {"connect_timeout", Code::timed_out},
        {"read_timeout", Code::timed_out},
        {"connection_closed", Code::network},
        {"endpoint_connection", Code::network},
        {"ssl", Code::network},
        {"http_client", Code::network},
        {"proxy", Code::network},
        {"checksum", Code::malformed},
        {"param", Code::invalid_params},
    };
    if (row["exception"].is_text()) {
      return Error{.code = exceptions.at(row["exception"].as_string()), .message = "as an exception"};
    }
    const int status = static_cast<int>(row["status"].as_integer());
    if (status < 300) return std::nullopt;
    const WireError wire{.code = row["code"].as_string(), .message = "", .status = status};
    ErrorContext context{.operation = "ec2.Op", .host = "ec2.us-east-1.amazonaws.com"};
    context.retry_after = row["x-amz-retry-after"].as_string();
    return to_error(wire, &operation_, context);
  }

  Document suite_;
  Shape retryable_, throttling_, plain_;
  Operation operation_;
};

/// Fails as often as it is called.
class Failing : public Api {
 public:
  explicit Failing(Error error) : error_(std::move(error)) {}
  Task<Result<Response>> call(Request) override {
    ++calls;
    co_return fail(error_);
  }
  int calls = 0;

 private:
  Error error_;
};

TEST_F(Retries, Decisions) {
  int cases = 0;
  for (const Value row : suite_["standard"].items()) {
    SCOPED_TRACE(to_json(row));
    ++cases;
    const std::optional<Error> error = error_of(row);
    const RetryVerdict verdict = error ? judge_retry(*error) : RetryVerdict::no;
    // Our own addition, at once and once: corrected clocks and credentials; the oracle's mode knows neither.
    const bool retry = verdict == RetryVerdict::transient || verdict == RetryVerdict::throttling;
    EXPECT_EQ(verdict == RetryVerdict::throttling, row["throttling"].as_bool());
    const auto attempt = row["attempt"];
    if (attempt.is_null()) {
      EXPECT_EQ(retry, row["retry"].as_bool());
      continue;
    }
    // Which attempt is the last, by the loop itself.
    SimWorld world;
    Failing failing(*error);
    Retry layer(failing, world.loop, world.random, {.attempts_most = 3});
    Task<Result<Response>> call = layer.call({.service = "ec2", .operation = "DeleteSnapshot"});
    EXPECT_FALSE(world.loop.run(std::move(call)));
    EXPECT_EQ(failing.calls > attempt.as_integer(), row["retry"].as_bool());
  }
  EXPECT_EQ(cases, 68);
}

TEST_F(Retries, DelaysAtRandomOne) {
  int cases = 0;
  for (const Value row : suite_["backoff_with_random_1"].items()) {
    SCOPED_TRACE(to_json(row));
    const std::optional<Error> error = error_of(row);
    ASSERT_TRUE(error && error->aws);
    int attempt = 0;
    for (const Value delay : row["delays_s"].items()) {
      ++cases;
      const Duration got =
          retry_delay(row["service"].as_text(), judge_retry(*error), ++attempt, 1.0, error->aws->retry_after_ms);
      EXPECT_NEAR(static_cast<double>(got.count()) * 1e-6, delay.as_real(), 1e-6) << "attempt " << attempt;
    }
  }
  EXPECT_EQ(cases, 108);
}

TEST_F(Retries, QuotaCosts) {
  for (const Value row : suite_["quota_cost"].items()) {
    SCOPED_TRACE(to_json(row));
    const std::optional<Error> error = error_of(row);
    ASSERT_TRUE(error);
    EXPECT_EQ(RetryQuota::cost(judge_retry(*error)), row["cost"].as_integer());
  }
  EXPECT_EQ(suite_["quota_cost"].size(), 5U);
}

TEST_F(Retries, Quota) {
  RetryQuota quota;
  for (const Value row : suite_["quota_from_500"].items()) {
    SCOPED_TRACE(to_json(row));
    const int amount = static_cast<int>(row["amount"].as_integer());
    if (row["do"].as_text() == "acquire") {
      EXPECT_EQ(quota.acquire(amount), row["returns"].as_bool());
    } else {
      quota.release(amount);
    }
    EXPECT_EQ(quota.left(), row["left"].as_integer());
  }
  EXPECT_EQ(suite_["quota_from_500"].size(), 12U);
}

TEST_F(Retries, CubicCurve) {
  CubicRate rate(10, 0);
  for (const Value row : suite_["cubic_start_rate_10"].items()) {
    SCOPED_TRACE(to_json(row));
    const double now = row["t"].as_real();
    const double got =
        row["event"].as_text() == "ok" ? rate.success(now) : rate.throttled(row["current_rate"].as_real(), now);
    EXPECT_NEAR(got, row["new_rate"].as_real(), 1e-9);
    EXPECT_NEAR(rate.w_max(), row["max_rate"].as_real(), 1e-9);
    EXPECT_NEAR(rate.k(), row["k"].as_real(), 1e-9);
  }
  EXPECT_EQ(suite_["cubic_start_rate_10"].size(), 17U);
}

TEST_F(Retries, TokenBucket) {
  double now = 0;
  TokenBucket bucket(10, now);
  for (const Value row : suite_["token_bucket_rate_10"].items()) {
    SCOPED_TRACE(to_json(row));
    now += row["advance"].as_real();
    if (!row["set_rate"].is_null()) bucket.set_rate(row["set_rate"].as_real(), now);
    EXPECT_EQ(bucket.try_acquire(row["amount"].as_real(), now), row["acquired"].kind() == Kind::boolean);
    EXPECT_NEAR(bucket.available(), row["available"].as_real(), 1e-9);
    EXPECT_NEAR(bucket.rate(), row["max_rate"].as_real(), 1e-9);
  }
  EXPECT_EQ(suite_["token_bucket_rate_10"].size(), 9U);
}

/// botocore's table for the legacy mode: every policy of every service, by what it applies to.
class LegacyRetries : public testing::Test {
 protected:
  /// An answer of AWS of that kind, as the door gives it.
  static Error answer(const std::string& service, const std::string& code, int status) {
    const WireError wire{.code = code, .message = "", .status = status};
    return to_error(wire, nullptr, {.operation = service + ".Op", .host = service + ".us-east-1.amazonaws.com"});
  }
  static bool tried_again(const std::string& service, const Error& error) {
    const RetryVerdict verdict = judge_legacy(service, error);
    return verdict == RetryVerdict::transient || verdict == RetryVerdict::throttling;
  }
  /// Whether the policy is kept, and only where it holds.
  static void check(const std::string& service, Value applies, bool everywhere) {
    if (applies.find("socket_errors")) {
      EXPECT_TRUE(tried_again(service, {.code = Code::network, .message = ""}));
      EXPECT_TRUE(tried_again(service, {.code = Code::timed_out, .message = ""}));
      return;
    }
    const Value response = applies["response"];
    if (response.find("crc32body")) {
      EXPECT_TRUE(tried_again(service, {.code = Code::malformed, .message = ""}));
      EXPECT_FALSE(tried_again("ec2", {.code = Code::malformed, .message = ""}));
      return;
    }
    const std::string code = response["service_error_code"].as_string();
    const int status = static_cast<int>(response["http_status_code"].as_integer());
    EXPECT_TRUE(tried_again(service, answer(service, code, status)));
    if (code.empty()) return;
    EXPECT_FALSE(tried_again(service, answer(service, code, 418))) << "another status";
    EXPECT_FALSE(tried_again(service, answer(service, "ValidationError", 400)));
    // 5xx are tried again under any code.
    if (!everywhere && status < 500) EXPECT_FALSE(tried_again("iam", answer("iam", code, status)));
  }
};

TEST_F(LegacyRetries, EveryPolicyOfTheTable) {
  const Document table = suite_file("retries/legacy-retry-table.json");
  if (table.root().is_null()) return;
  int policies = 0;
  for (const auto [service, parts] : table["retry"].entries()) {
    const bool everywhere = service == "__default__";
    const Value own = everywhere ? parts : parts["__default__"];
    const std::string name = everywhere ? "ec2" : std::string(service);
    for (const auto [policy, rule] : own["policies"].entries()) {
      SCOPED_TRACE(std::string(service) + "." + std::string(policy));
      ++policies;
      const Value shared = table["definitions"][rule["$ref"].as_text()];
      const Value applies = rule.find("$ref") ? shared["applies_when"] : rule["applies_when"];
      const bool same_elsewhere = everywhere || (service == "route53" && policy == "request_limit_exceeded");
      check(name, applies, same_elsewhere);
    }
    const Value attempts = own["max_attempts"];
    EXPECT_EQ(legacy_attempts(name, 5), attempts.is_number() ? attempts.as_integer() : 5) << service;
    const Value base = own["delay"]["base"];
    for (int attempt = 1; attempt < 10 && !own["delay"].is_null(); ++attempt) {
      const double first = base.is_text() ? 0.25 : base.as_real();  // "rand" is a number below one
      const double wanted = std::min(60.0, first * std::pow(own["delay"]["growth_factor"].as_real(), attempt - 1));
      EXPECT_NEAR(static_cast<double>(legacy_delay(name, attempt, 0.25).count()) * 1e-6, wanted, 1e-6) << service;
    }
  }
  EXPECT_EQ(policies, 27);
}

// The mode in the loop: five attempts, no quota, and what it does not know is not tried again.
TEST_F(LegacyRetries, TheLoopGoesByTheTable) {
  auto calls = [](const std::string& service, Error error, int times) {
    SimWorld world;
    Failing failing(std::move(error));
    Retry layer(failing, world.loop, world.random, {.mode = RetryMode::legacy, .attempts_most = 5});
    for (int i = 0; i < times; ++i) {
      Task<Result<Response>> call = layer.call({.service = service, .operation = "Delete"});
      EXPECT_FALSE(world.loop.run(std::move(call)));
    }
    return failing.calls;
  };
  EXPECT_EQ(calls("ec2", answer("ec2", "InternalError", 500), 100), 500);
  EXPECT_EQ(calls("dynamodb", answer("dynamodb", "TransactionInProgressException", 400), 1), 10);
  EXPECT_EQ(calls("iam", answer("iam", "RequestTimeoutException", 400), 1), 1) << "the standard mode tries this again";
}

}  // namespace
}  // namespace reeve::aws
