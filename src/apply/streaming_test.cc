// A plan's rows stream: what applying one takes does not grow with its rows (design, section 4).

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <stdlib.h>

#include <filesystem>

#include "apply/operations.h"
#include "base/real_seams.h"
#include "base/sim_seams.h"
#include "policy/policy.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define REEVE_OTHER_ALLOCATOR 1  // whose books mallinfo2 does not know
#endif
#endif

namespace reeve::apply {
namespace {

const aws::Scope home{.partition = "aws", .account = "123456789012", .region = "us-east-1"};

/// Bytes that are allocated now.
std::size_t allocated() {
  const struct mallinfo2 books = mallinfo2();
  return books.uordblks + books.hblkhd;
}

/// An EC2 that knows every snapshot it is asked for by id and tags whatever it is told to, and keeps nothing.
class EveryId : public aws::Api {
 public:
  Task<Result<aws::Response>> call(aws::Request request) override {
    most = std::max(most, allocated());
    ++calls;
    Builder b;
    b.begin_map();
    if (request.operation == "DescribeSnapshots") {
      b.begin_list("Snapshots");
      for (const Value id : request.params["Filters"][0]["Values"].items()) {
        b.begin_map();
        b.put("SnapshotId", id);
        b.put("State", "completed");
        b.put("OwnerId", home.account);
        b.end();
      }
      b.end();
    }
    b.end();
    return ready(Result<aws::Response>(aws::Response{.document = b.finish()}));
  }
  std::size_t most = 0, calls = 0;
};

class Streaming : public ::testing::Test {
 protected:
  Streaming() {
    std::string made = testing::TempDir() + "/reeve-XXXXXX";
    EXPECT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
  }
  ~Streaming() override { std::filesystem::remove_all(folder_); }

  /// Makes a plan of `count` rows, applies it and tells it; gives the most that was allocated on the way.
  std::size_t most_allocated(std::size_t count) {
    const StateFolder state{fmt::format("{}/{}", folder_, count)};
    SimWorld sim;
    World world{sim.clock, sim.random, disk_, sim.http, sim.process, sim.environment, sim.workers, sim.loop};
    EXPECT_TRUE(disk_.make_folders(state.plans()));
    auto journal = open_sqlite_journal(state.journal(), FileLayer::sqlite, disk_, sim.clock, sim.loop, sim.workers);
    EXPECT_TRUE(journal) << journal.error().text();
    EveryId api;
    const Hands hands{.world = world,
                      .api = api,
                      .models = models_,
                      .kinds = *kinds_,
                      .prices = prices_,
                      .vocabulary = vocabulary_,
                      .journal = **journal};
    const std::string plan = write(sim, state, count);
    const std::size_t before = allocated();
    api.most = before;
    const Here here{.accounts = {home.account}, .loopback = true};
    const auto run = sim.loop.run(apply_plan(hands, state, here, plan, {}, {}, {}));
    sim.loop.drain();
    EXPECT_TRUE(run) << run.error().text();
    if (!run) return 0;
    EXPECT_EQ(run->done, count);
    EXPECT_LE(api.calls, 2 * (count / 200 + 1));  // a look and a call for each 200
    std::size_t told = 0;
    EXPECT_TRUE(each_row_outcome(**journal, run->id, [&](const RowOutcome& row) -> Result<void> {
      told += row.outcome == Outcome::done ? 1 : 0;
      api.most = std::max(api.most, allocated());
      return {};
    }));
    EXPECT_EQ(told, count);
    return api.most - before;
  }

 private:
  std::string write(SimWorld& sim, const StateFolder& state, std::size_t count) {
    constexpr std::string_view text = R"(
policies:
  - {name: mark, resource: aws.ebs-snapshot, actions: [{type: tag, tags: {reviewed: "2026"}}]}
)";
    const policy::Variables variables{
        .given = {}, .account_id = home.account, .region = home.region, .now = sim.clock.now()};
    const auto read = policy::read_policies(text, "mark.yaml", variables, vocabulary_, *kinds_);
    EXPECT_TRUE(read.ok());
    const policy::Policy& policy = *read.policies.front();
    plan::Plan plan;
    plan.header.id = fmt::format("p-{}", count);
    plan.header.created = plan.header.now = sim.clock.wall();
    plan.header.expires = plan.header.created + std::chrono::hours(24);
    plan.header.loopback = true;
    plan.header.scopes = {{.partition = home.partition, .account = home.account, .regions = {home.region}}};
    plan.header.policies = {
        {.name = policy.name, .kind = policy.kind->name, .hash = policy.hash, .scope = home, .data = policy.data}};
    Builder tag;
    tag.begin_map();
    tag.put("Key", "reviewed");
    tag.put("Value", "2026");
    tag.end();
    const Document reviewed = tag.finish();
    const auto written = plan::write_plan(disk_, state.plan(plan.header.id), plan, [&](const plan::RowSink& sink) -> Result<void> {
      for (std::size_t i = 0; i < count; ++i) {
        const std::string id = fmt::format("snap-{:017x}", i);
        Builder params;
        params.begin_map();
        params.begin_list("Resources");
        params.add(id);
        params.end();
        params.begin_list("Tags");
        params.add(reviewed);
        params.end();
        params.end();
        plan::Row row{
            .policy = policy.name, .kind = policy.kind->name, .records = {id}, .scope = home, .action = "tag"};
        row.row = plan::row_id(row.policy, row.kind, row.scope, row.records, row.action);
        row.steps.push_back({.service = "ec2", .operation = "CreateTags", .params = params.finish()});
        row.undo.undo_class = policy::UndoClass::exact;
        TRY(sink(row));
      }
      return {};
    });
    EXPECT_TRUE(written) << written.error().text();
    return plan.header.id;
  }

  std::string folder_;
  RealDisk disk_;
  aws::Models models_;
  std::shared_ptr<const estate::Kinds> kinds_ = estate::Kinds::embedded().value();
  estate::Prices prices_ = estate::Prices::embedded().value();
  policy::Vocabulary vocabulary_;
};

TEST_F(Streaming, WhatApplyingTakesDoesNotGrowWithTheRows) {
  [[maybe_unused]] const std::size_t few = most_allocated(2'000);
  [[maybe_unused]] const std::size_t many = most_allocated(20'000);
#ifndef REEVE_OTHER_ALLOCATOR
  constexpr std::size_t a_row = 1;  // a row's own line is over 500 bytes
  EXPECT_LT(many, few + 18'000 * a_row) << few << " bytes, then " << many;
#endif
}

}  // namespace
}  // namespace reeve::apply
