#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "apply/hands.h"
#include "apply/sqlite_vfs.h"
#include "base/json.h"
#include "base/sim_seams.h"
#include "policy/policy.h"

/// For tests of parts that work on Hands.
namespace reeve::apply {

inline const aws::Scope home{.partition = "aws", .account = "123456789012", .region = "us-east-1"};

inline Result<aws::Response> answer(std::string_view json) {
  return aws::Response{.document = parse_json(json).value()};
}

/// Gives its answers one after another, the last one again and again.
class Script : public aws::Api {
 public:
  Task<Result<aws::Response>> call(aws::Request request) override {
    calls.push_back(request.operation);
    Result<aws::Response> next = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return ready(std::move(next));
  }
  std::deque<Result<aws::Response>> answers;
  std::vector<std::string> calls;
};

/// Hands over a scripted AWS, with a journal on a simulated disk.
class HandsTest : public ::testing::Test {
 protected:
  HandsTest()
      : journal_(
            open_sqlite_journal("/tmp/journal.sqlite", FileLayer::disk, sim_.disk, sim_.clock, sim_.loop, sim_.workers)
                .value()) {}
  ~HandsTest() override {
    journal_.reset();
    unregister_disk_vfs(sim_.disk);
  }
  Hands hands() {
    return {.world = sim_.world,
            .api = api_,
            .models = models_,
            .kinds = *kinds_,
            .prices = prices_,
            .vocabulary = vocabulary_,
            .journal = *journal_};
  }

  SimWorld sim_;
  aws::Models models_;
  std::shared_ptr<const estate::Kinds> kinds_ = estate::Kinds::embedded().value();
  estate::Prices prices_ = estate::Prices::embedded().value();
  policy::Vocabulary vocabulary_;
  Script api_;
  std::unique_ptr<Journal> journal_;
};

}  // namespace reeve::apply
