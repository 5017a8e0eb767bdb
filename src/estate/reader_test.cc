#include "estate/reader.h"

#include <gmock/gmock.h>

#include "estate/testing/scripted_api.h"

namespace reeve::estate {
namespace {

using testing::decoded;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedApi;

class ReaderTest : public ::testing::Test {
 protected:
  ReaderTest() : kinds_(Kinds::embedded().value()) {}

  Reader reader() {
    return {api_, models_, *kinds_, loop_, {.account = "123456789012", .region = "us-east-1"}, Reader::Options{}};
  }
  const Kind& kind(std::string_view name) const { return *kinds_->find(name); }

  /// Pages of records by NextToken, a number; a page that is "!" fails.
  void paged(const std::string& operation, const std::string& member, std::vector<std::string> pages) {
    api_.on(operation, [member, pages = std::move(pages)](Value params) -> Result<Document> {
      const auto token = params["NextToken"].as_text();
      const std::size_t at = token.empty() ? 0 : std::stoul(std::string(token));
      if (pages[at] == "!") return fail(Code::throttled, "slow down");
      std::string json = "{\"" + member + "\": " + pages[at];
      if (at + 1 < pages.size()) json += ", \"NextToken\": \"" + std::to_string(at + 1) + "\"";
      return decoded(json + "}");
    });
  }

  testing::StillClock clock_{Time{}};
  Loop loop_{clock_};
  aws::Models models_;
  ScriptedApi api_;
  std::shared_ptr<const Kinds> kinds_;
};

std::vector<std::string> ids_of(const std::vector<Record>& records) {
  std::vector<std::string> out;
  for (const auto& record : records) out.emplace_back(record.id());
  return out;
}

TEST_F(ReaderTest, StreamsPagesAndCarriesWhatStandsAround) {
  paged("ec2.DescribeInstances", "Reservations",
        {R"([{"ReservationId": "r-1", "Instances": [{"InstanceId": "i-1"}, {"InstanceId": "i-2"}]}])",
         R"([{"ReservationId": "r-2", "Instances": [{"InstanceId": "i-3"}]}, {"ReservationId": "r-3"}])"});
  Reader r = reader();
  std::vector<Record> seen;
  auto keep = [&](std::vector<Record> page) -> Task<Result<void>> {
    std::ranges::move(page, std::back_inserter(seen));
    return ready(Result<void>());
  };
  const auto done = loop_.run(r.stream(kind("ec2"), {}, keep));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_THAT(ids_of(seen), ElementsAre("i-1", "i-2", "i-3"));
  EXPECT_EQ(seen[2].document["ReservationId"].as_text(), "r-2");
  EXPECT_THAT(api_.calls[0].second, HasSubstr(R"("MaxResults":1000)"));
}

TEST_F(ReaderTest, QueryReplacesParametersAndIdsTakeNoLimit) {
  paged("ec2.DescribeSnapshots", "Snapshots", {"[]"});
  Reader r = reader();
  auto keep = [](std::vector<Record>) -> Task<Result<void>> { return ready(Result<void>()); };
  ASSERT_TRUE(loop_.run(r.stream(kind("ebs-snapshot"), decoded(R"({"OwnerIds": ["123456789012"]})"), keep)));
  ASSERT_TRUE(loop_.run(r.stream(kind("ebs-snapshot"), decoded(R"({"SnapshotIds": ["snap-1"]})"), keep)));
  EXPECT_EQ(api_.calls[0].second, R"({"MaxResults":1000,"OwnerIds":["123456789012"]})");
  EXPECT_EQ(api_.calls[1].second, R"({"OwnerIds":["self"],"SnapshotIds":["snap-1"]})");
}

TEST_F(ReaderTest, AWholeListingIsReadOnceAndFoundById) {
  paged("ec2.DescribeVolumes", "Volumes", {R"([{"VolumeId": "vol-1"}])", R"([{"VolumeId": "vol-2", "Size": 8}])"});
  Reader r = reader();
  std::vector<Task<Result<std::shared_ptr<const Listing>>>> both;
  both.push_back(r.all(kind("ebs")));
  both.push_back(r.all(kind("ebs")));
  const auto listings = loop_.run(all(loop_, std::move(both)));
  ASSERT_TRUE(listings[0]);
  EXPECT_EQ(*listings[0], *listings[1]);
  EXPECT_EQ(api_.count("ec2.DescribeVolumes"), 2U);  // its two pages
  EXPECT_EQ((*listings[0])->find("vol-2")->document["Size"].as_integer(), 8);
  EXPECT_EQ((*listings[0])->find("vol-3"), nullptr);
  EXPECT_FALSE((*listings[0])->unsupported);
}

// A partial list is never taken for a whole one, whoever asks.
TEST_F(ReaderTest, AListingThatBrokeOffIsAnErrorForEverybody) {
  paged("ec2.DescribeVolumes", "Volumes", {R"([{"VolumeId": "vol-1"}])", "!"});
  Reader r = reader();
  for (int i = 0; i < 2; ++i) {
    const auto listing = loop_.run(r.all(kind("ebs")));
    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().code, Code::incomplete_listing);
  }
  EXPECT_EQ(api_.count("ec2.DescribeVolumes"), 2U);
  EXPECT_FALSE(loop_.run(r.census(kind("ebs"))));
}

TEST_F(ReaderTest, AnUnknownOperationIsAnEmptyListThatSaysSo) {
  Reader r = reader();
  const auto listing = loop_.run(r.all(kind("ebs")));
  ASSERT_TRUE(listing);
  EXPECT_TRUE((*listing)->unsupported);
  EXPECT_TRUE((*listing)->records.empty());
  const auto items = loop_.run(r.items("ec2", "DescribeLockedSnapshots", {}));
  ASSERT_TRUE(items);
  EXPECT_TRUE((*items)->unsupported);
}

// Relations over the population must not list it a second time, nor hold the whole records.
TEST_F(ReaderTest, AStreamLeavesACensusBehind) {
  paged("ec2.DescribeSnapshots", "Snapshots",
        {R"([{"SnapshotId": "snap-1", "VolumeId": "vol-1", "Tags": []}])", R"([{"SnapshotId": "snap-2"}])"});
  Reader r = reader();
  auto keep = [](std::vector<Record>) -> Task<Result<void>> { return ready(Result<void>()); };
  ASSERT_TRUE(loop_.run(r.stream(kind("ebs-snapshot"), {}, keep)));
  const auto census = loop_.run(r.census(kind("ebs-snapshot")));
  ASSERT_TRUE(census);
  EXPECT_EQ(api_.count("ec2.DescribeSnapshots"), 2U);
  EXPECT_THAT(ids_of((*census)->records), ElementsAre("snap-1", "snap-2"));
  EXPECT_EQ((*census)->find("snap-1")->document["VolumeId"].as_text(), "vol-1");
  EXPECT_FALSE((*census)->find("snap-1")->document.root().find("Tags"));
}

TEST_F(ReaderTest, AStreamWithQueryOrBrokenOffLeavesNoCensus) {
  paged("ec2.DescribeSnapshots", "Snapshots", {R"([{"SnapshotId": "snap-1"}])", "!"});
  Reader r = reader();
  auto keep = [](std::vector<Record>) -> Task<Result<void>> { return ready(Result<void>()); };
  EXPECT_FALSE(loop_.run(r.stream(kind("ebs-snapshot"), {}, keep)));
  paged("ec2.DescribeSnapshots", "Snapshots", {R"([{"SnapshotId": "snap-1"}])"});
  EXPECT_TRUE(loop_.run(r.stream(kind("ebs-snapshot"), decoded(R"({"OwnerIds": ["x"]})"), keep)));
  paged("ec2.DescribeSnapshots", "Snapshots", {R"([{"SnapshotId": "snap-1"}, {"SnapshotId": "snap-2"}])"});
  const auto census = loop_.run(r.census(kind("ebs-snapshot")));
  ASSERT_TRUE(census);
  EXPECT_EQ((*census)->records.size(), 2U);
}

// EC2 refuses a whole call by ids when one is missing: ids are read by filter, 200 a call.
TEST_F(ReaderTest, ReadsByIdInBatchesByFilter) {
  api_.on("ec2.DescribeSnapshots", [](Value params) -> Result<Document> {
    const Value filter = params["Filters"][std::size_t{0}];
    EXPECT_EQ(filter["Name"].as_text(), "snapshot-id");
    EXPECT_LE(filter["Values"].size(), 200U);
    std::string json = R"({"Snapshots": [)";
    for (const Value id : filter["Values"].items()) {
      if (id.as_text() == "snap-7") continue;  // it is gone
      json += (json.ends_with('[') ? "" : ",") + std::string(R"({"SnapshotId": ")") + id.as_string() + "\"}";
    }
    return decoded(json + "]}");
  });
  std::vector<std::string> ids;
  for (int i = 0; i < 450; ++i) ids.push_back("snap-" + std::to_string(i));
  Reader r = reader();
  const auto records = loop_.run(r.by_ids(kind("ebs-snapshot"), ids));
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), 449U);
  EXPECT_EQ(api_.calls.size(), 3U);
}

// A filter that the other side does not know gives everything; nobody may act on a record that was not meant.
TEST_F(ReaderTest, ByIdGivesOnlyWhatWasAskedForAndEachOnce) {
  paged("ec2.DescribeSnapshots", "Snapshots",
        {R"([{"SnapshotId": "snap-9"}, {"SnapshotId": "snap-1", "VolumeId": "first"}])",
         R"([{"SnapshotId": "snap-1", "VolumeId": "second"}, {"VolumeId": "nameless"}])"});
  Reader r = reader();
  const auto records = loop_.run(r.by_ids(kind("ebs-snapshot"), {"snap-1", "snap-2", "snap-1"}));
  ASSERT_TRUE(records);
  ASSERT_THAT(ids_of(*records), ElementsAre("snap-1"));
  EXPECT_EQ(records->front().document["VolumeId"].as_text(), "first");
}

TEST_F(ReaderTest, AColumnThatFailsIsUnknownForItsRecordOnly) {
  api_.on("ec2.DescribeSnapshotAttribute", [](Value params) -> Result<Document> {
    EXPECT_EQ(params["Attribute"].as_text(), "createVolumePermission");
    if (params["SnapshotId"].as_text() == "snap-2") return fail(Code::access_denied, "not for you");
    return decoded(R"({"CreateVolumePermissions": [{"Group": "all"}]})");
  });
  const Kind& snapshot = kind("ebs-snapshot");
  std::vector<RecordView> views;
  for (const auto* id : {"snap-1", "snap-2"}) {
    views.emplace_back(Record{&snapshot, {}, decoded(std::string(R"({"SnapshotId": ")") + id + "\"}")});
  }
  Reader r = reader();
  const Column& column = *snapshot.column("CreateVolumePermissions");
  loop_.run(r.fetch_column(column, {&views[0], &views[1]}));
  EXPECT_EQ(views[0].column(column.name)->size(), 1U);
  ASSERT_TRUE(views[1].column(column.name)->is_unknown());
  EXPECT_THAT(std::string(views[1].column(column.name)->unknown_reason()), HasSubstr("not for you"));
  loop_.run(r.fetch_column(column, {&views[0], &views[1]}));
  EXPECT_EQ(api_.calls.size(), 2U);  // what is there is not asked for again
}

TEST_F(ReaderTest, ABatchedColumnIsSharedOutById) {
  api_.on("ec2.DescribeSnapshotTierStatus", [](Value params) -> Result<Document> {
    EXPECT_EQ(params["Filters"][std::size_t{0}]["Values"].size(), 2U);
    return decoded(R"({"SnapshotTierStatuses": [{"SnapshotId": "snap-2", "StorageTier": "archive"}]})");
  });
  const Kind& snapshot = kind("ebs-snapshot");
  RecordView one(Record{&snapshot, {}, decoded(R"({"SnapshotId": "snap-1"})")});
  RecordView two(Record{&snapshot, {}, decoded(R"({"SnapshotId": "snap-2"})")});
  Reader r = reader();
  loop_.run(r.fetch_column(*snapshot.column("TierStatus"), {&one, &two}));
  EXPECT_TRUE(one.column("TierStatus")->is_null());
  EXPECT_EQ((*two.column("TierStatus"))["StorageTier"].as_text(), "archive");
}

TEST_F(ReaderTest, ItemsOfListingsWithoutAPaginatorModelAreWholeAndKept) {
  paged("ec2.ListVolumesInRecycleBin", "Volumes", {R"([{"VolumeId": "vol-1"}])", R"([{"VolumeId": "vol-2"}])"});
  Reader r = reader();
  for (int i = 0; i < 2; ++i) {
    const auto items = loop_.run(r.items("ec2", "ListVolumesInRecycleBin", {}));
    ASSERT_TRUE(items) << items.error().text();
    EXPECT_EQ((*items)->items.size(), 2U);
  }
  EXPECT_EQ(api_.calls.size(), 2U);
}

}  // namespace
}  // namespace reeve::estate
