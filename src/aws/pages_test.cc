#include "aws/pages.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "aws/live_fakes.h"
#include "base/limits.h"
#include "base/sim_seams.h"

namespace reeve::aws {
namespace {

const Paginator snapshots{.input_tokens = {"NextToken"},
                          .output_tokens = {"NextToken"},
                          .limit_key = "MaxResults",
                          .result_keys = {"Snapshots"}};

class PagesTest : public testing::Test {
 protected:
  struct Listed {
    std::vector<std::string> ids;
    std::optional<Error> error;
  };
  Listed list(Pages& pages) {
    Task<Listed> task = walk(pages);
    return world.loop.run(std::move(task));
  }
  Listed list(Api& api, Paginator paginator = snapshots, std::string_view params = "{}") {
    Pages pages(api, world.loop, request("ec2", "DescribeSnapshots", params), std::move(paginator));
    return list(pages);
  }
  static Task<Listed> walk(Pages& pages) {
    Listed out;
    while (true) {
      Task<Result<std::optional<Response>>> next = pages.next();
      const Result<std::optional<Response>> page = co_await std::move(next);
      if (!page) out.error = page.error();
      if (!page || !*page) co_return out;
      const Value found = (*page)->document["Snapshots"];
      for (const Value item : found.items()) out.ids.push_back(item["SnapshotId"].as_string());
    }
  }
  SimWorld world;
};

std::string page(std::string_view id, std::string_view token = "") {
  const std::string items = id.empty() ? "[]" : fmt::format(R"([{{"SnapshotId": "{}"}}])", id);
  return token.empty() ? fmt::format(R"({{"Snapshots": {}}})", items)
                       : fmt::format(R"({{"Snapshots": {}, "NextToken": "{}"}})", items, token);
}

std::string token_of(const Request& request) { return request.params["NextToken"].as_string(); }

TEST_F(PagesTest, ThreePages) {
  FakeApi fake([](const Request& r) {
    const std::string token = token_of(r);
    return ok(token.empty() ? page("a", "1") : token == "1" ? page("b", "2") : page("c"));
  });
  const Listed listed = list(fake, snapshots, R"({"OwnerIds": ["self"], "MaxResults": 1000})");
  EXPECT_FALSE(listed.error);
  EXPECT_EQ(listed.ids, (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_EQ(fake.seen.size(), 3U);
  EXPECT_EQ(to_json(fake.seen[2].params),
            to_json(doc(R"({"OwnerIds": ["self"], "MaxResults": 1000, "NextToken": "2"})")));
}

TEST_F(PagesTest, OnePageIsPrefetched) {
  int pages_served = 0;
  FakeApi fake([&](const Request&) {
    ++pages_served;
    return ok(page(std::to_string(pages_served), "t" + std::to_string(pages_served)));
  });
  Pages pages(fake, world.loop, request("ec2", "DescribeSnapshots"), snapshots);
  Task<Result<std::optional<Response>>> next = pages.next();
  ASSERT_TRUE(world.loop.run(std::move(next)));
  Task<Result<void>> busy = world.loop.sleep(std::chrono::seconds(10));
  ASSERT_TRUE(world.loop.run(std::move(busy)));
  EXPECT_EQ(pages_served, 2) << "the next one, and no more than that";
}

TEST_F(PagesTest, AnEmptyPageWithATokenGoesOn) {
  FakeApi fake([](const Request& r) {
    const std::string token = token_of(r);
    return ok(token.empty() ? page("", "1") : token == "1" ? page("", "2") : page("c"));
  });
  const Listed listed = list(fake);
  EXPECT_FALSE(listed.error);
  EXPECT_EQ(listed.ids, (std::vector<std::string>{"c"}));
}

TEST_F(PagesTest, EmptyPagesForEverDoNot) {
  int served = 0;
  FakeApi fake([&](const Request&) { return ok(page("", "t" + std::to_string(++served))); });
  const Listed listed = list(fake);
  ASSERT_TRUE(listed.error);
  EXPECT_EQ(listed.error->code, Code::incomplete_listing);
  EXPECT_EQ(static_cast<std::size_t>(served), limits::empty_pages_in_a_row + 1);
}

TEST_F(PagesTest, ATokenThatComesAgainBreaksTheListing) {
  FakeApi same([](const Request& r) { return ok(page("x" + token_of(r), "again")); });
  const Listed first = list(same);
  ASSERT_TRUE(first.error);
  EXPECT_EQ(first.error->code, Code::incomplete_listing);

  FakeApi circle(
      [n = 0](const Request& r) mutable { return ok(page(std::to_string(++n), token_of(r) == "1" ? "2" : "1")); });
  EXPECT_TRUE(list(circle).error) << "also by a detour";
}

TEST_F(PagesTest, APageThatRepeatsBreaksTheListing) {
  FakeApi fake([n = 0](const Request&) mutable { return ok(page("same", "t" + std::to_string(++n))); });
  const Listed listed = list(fake);
  ASSERT_TRUE(listed.error);
  EXPECT_EQ(listed.error->code, Code::incomplete_listing);
  EXPECT_EQ(fake.seen.size(), 2U);
}

TEST_F(PagesTest, EqualRowsWithoutNamesAreNoRepetition) {
  const Paginator rows{.input_tokens = {"NextToken"}, .output_tokens = {"NextToken"}, .result_keys = {"Rows"}};
  FakeApi fake([n = 0](const Request&) mutable {
    return ok(++n < 4 ? fmt::format(R"({{"Rows": [{{"Data": [1]}}], "NextToken": "{}"}})", n) : R"({"Rows": []})");
  });
  EXPECT_FALSE(list(fake, rows).error);
}

TEST_F(PagesTest, AnErrorInTheMiddleBreaksTheListingAndKeepsItsCause) {
  FakeApi fake([](const Request& r) {
    return token_of(r).empty() ? ok(page("a", "1")) : refused(Code::request_refused, "InvalidNextToken");
  });
  Pages pages(fake, world.loop, request("ec2", "DescribeSnapshots"), snapshots);
  const Listed listed = list(pages);
  ASSERT_TRUE(listed.error);
  EXPECT_EQ(listed.error->code, Code::incomplete_listing);
  ASSERT_TRUE(listed.error->cause);
  EXPECT_EQ(listed.error->cause->aws->code, "InvalidNextToken");
  EXPECT_EQ(listed.error->operation, "ec2.DescribeSnapshots");
  const Listed after = list(pages);
  ASSERT_TRUE(after.error) << "a broken listing never becomes a complete one";
  EXPECT_EQ(after.error->code, Code::incomplete_listing);
}

TEST_F(PagesTest, AnErrorAtOnceIsGivenAsItIs) {
  FakeApi fake([](const Request&) { return refused(Code::access_denied, "UnauthorizedOperation", 403); });
  const Listed listed = list(fake);
  ASSERT_TRUE(listed.error);
  EXPECT_EQ(listed.error->code, Code::access_denied);
}

TEST_F(PagesTest, MoreResultsDecides) {
  const Paginator iam{.input_tokens = {"Marker"},
                      .output_tokens = {"Marker"},
                      .more_results = "IsTruncated",
                      .result_keys = {"Snapshots"}};
  FakeApi ends([](const Request&) { return ok(R"({"Snapshots": [], "IsTruncated": false, "Marker": "m"})"); });
  EXPECT_FALSE(list(ends, iam).error);
  EXPECT_EQ(ends.seen.size(), 1U);
  FakeApi gap([](const Request&) { return ok(R"({"Snapshots": [], "IsTruncated": true})"); });
  const Listed listed = list(gap, iam);
  ASSERT_TRUE(listed.error) << "more, but no token";
  EXPECT_EQ(listed.error->code, Code::incomplete_listing);
}

TEST_F(PagesTest, WithoutAPaginatorThereIsOnePage) {
  FakeApi fake([](const Request&) { return ok(page("a", "ignored")); });
  const Listed listed = list(fake, Paginator{});
  EXPECT_FALSE(listed.error);
  EXPECT_EQ(listed.ids.size(), 1U);
  EXPECT_EQ(fake.seen.size(), 1U);
}

// EC2 refuses MaxResults together with ids.
TEST_F(PagesTest, NoLimitBesideIds) {
  FakeApi fake([](const Request&) { return ok(page("a")); });
  list(fake, snapshots, R"({"SnapshotIds": ["a"], "MaxResults": 1000})");
  list(fake, snapshots, R"({"SnapshotIds": [], "MaxResults": 1000})");
  EXPECT_FALSE(fake.seen[0].params.root().find("MaxResults"));
  EXPECT_TRUE(fake.seen[1].params.root().find("MaxResults"));
}

TEST_F(PagesTest, SeveralTokensTravelTogether) {
  const Paginator versions{.input_tokens = {"KeyMarker", "VersionIdMarker"},
                           .output_tokens = {"NextKeyMarker", "NextVersionIdMarker"},
                           .more_results = "IsTruncated",
                           .result_keys = {"Versions", "DeleteMarkers"}};
  FakeApi fake([n = 0](const Request&) mutable {
    switch (++n) {
      case 1:
        return ok(R"({"IsTruncated": true, "NextKeyMarker": "k", "NextVersionIdMarker": "v1"})");
      case 2:
        return ok(R"({"IsTruncated": true, "NextKeyMarker": "k", "NextVersionIdMarker": "v2"})");
      default:
        return ok(R"({"IsTruncated": false})");
    }
  });
  EXPECT_FALSE(list(fake, versions).error);
  ASSERT_EQ(fake.seen.size(), 3U);
  EXPECT_EQ(to_json(fake.seen[2].params), to_json(doc(R"({"KeyMarker": "k", "VersionIdMarker": "v2"})")));
}

TEST_F(PagesTest, Expressions) {
  const Document page = doc(R"({"A": {"B": "deep"}, "Items": [{"Key": "x"}, {"Key": "y"}], "Empty": ""})");
  EXPECT_EQ(find_in_page(page, "A.B").as_text(), "deep");
  EXPECT_EQ(find_in_page(page, "Items[-1].Key").as_text(), "y");
  EXPECT_EQ(find_in_page(page, "NextMarker || Items[-1].Key").as_text(), "y");
  EXPECT_EQ(find_in_page(page, "Empty || A.B").as_text(), "deep");
  EXPECT_TRUE(find_in_page(page, "None[-1].Key").is_null());
}

TEST_F(PagesTest, AListingDroppedMidwayCancelsItsFetch) {
  struct Slow : Api {
    explicit Slow(Loop& l) : loop(l) {}
    Task<Result<Response>> call(Request r) override {
      ++calls;
      if (calls == 1) co_return ok(page("a", "1"));
      Task<Result<void>> pause = loop.sleep(std::chrono::hours(1), r.cancel);
      const Result<void> slept = co_await std::move(pause);
      cancelled = !slept;
      co_return fail(Code::cancelled, "stopped");
    }
    Loop& loop;
    int calls = 0;
    bool cancelled = false;
  };
  Slow slow(world.loop);
  {
    Pages pages(slow, world.loop, request("ec2", "DescribeSnapshots"), snapshots);
    Task<Result<std::optional<Response>>> next = pages.next();
    ASSERT_TRUE(world.loop.run(std::move(next)));
    Task<Result<void>> busy = world.loop.sleep(std::chrono::seconds(1));
    ASSERT_TRUE(world.loop.run(std::move(busy)));
  }
  world.loop.drain();
  EXPECT_EQ(slow.calls, 2);
  EXPECT_TRUE(slow.cancelled);
  EXPECT_LT(world.clock.steady() - Steady{}, std::chrono::minutes(1));
}

TEST_F(PagesTest, WholeListingsByTheModels) {
  Models models;
  FakeApi fake([](const Request& r) {
    const std::string token = token_of(r);
    return ok(token.empty() ? page("a", "1") : page("b"));
  });
  Task<Result<std::vector<Document>>> items = all_items(fake, models, world.loop, request("ec2", "DescribeSnapshots"));
  const auto listed = world.loop.run(std::move(items));
  ASSERT_TRUE(listed) << listed.error().text();
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[1]["SnapshotId"].as_text(), "b");

  Task<Result<Response>> joined = call_all(fake, models, world.loop, request("ec2", "DescribeSnapshots"));
  const auto whole = world.loop.run(std::move(joined));
  ASSERT_TRUE(whole);
  EXPECT_EQ(to_json(whole->document), to_json(doc(R"({"Snapshots": [{"SnapshotId": "a"}, {"SnapshotId": "b"}]})")));
}

// Each paginator of each embedded service has as many tokens in as out, and names members that its shapes have.
TEST_F(PagesTest, AllPaginatorsOfTheModelsAreUnderstood) {
  Models models;
  std::size_t seen = 0;
  for (const std::string service : {"ec2", "iam", "autoscaling", "rbin", "s3", "cloudfront", "logs", "kinesis"}) {
    const auto services = models.services();
    if (std::ranges::find(services, service) == services.end()) continue;
    const auto found = models.get(service);
    ASSERT_TRUE(found) << found.error().text();
    for (const auto [operation, entry] : (*found)->paginators.root().entries()) {
      SCOPED_TRACE(service + "." + std::string(operation));
      const auto paginator = Paginator::parse(entry);
      ASSERT_TRUE(paginator) << paginator.error().text();
      const Operation* model = (*found)->find_operation(operation);
      if (model == nullptr) continue;
      for (const std::string& token : paginator->input_tokens) EXPECT_TRUE(model->input && model->input->find(token));
      ++seen;
    }
  }
  EXPECT_GT(seen, 100U);
}

}  // namespace
}  // namespace reeve::aws
