#include "estate/record.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "estate/snapshots.h"
#include "estate/testing/scripted_api.h"

namespace reeve::estate {
namespace {

using testing::decoded;

Kind thing() {
  Kind kind;
  kind.name = "thing";
  kind.id = "ThingId";
  kind.title = "Name";
  kind.date = "StartTime";
  kind.arn = "arn:{partition}:ec2:{region}:{account}:thing/{id}";
  return kind;
}

Record record(const Kind& kind, std::string_view json) {
  return {&kind, {.partition = "aws-cn", .account = "123456789012", .region = "cn-north-1"}, decoded(json)};
}

TEST(Record, NamesItself) {
  const Kind kind = thing();
  const auto r = record(kind, R"({"ThingId": "t-1", "StartTime": "2026-01-19T00:00:00Z",
                                  "Tags": [{"Key": "a", "Value": "1"}, {"Key": "empty"}]})");
  EXPECT_EQ(r.id(), "t-1");
  EXPECT_EQ(r.title(), "t-1");  // it has no name
  EXPECT_EQ(r.arn(), "arn:aws-cn:ec2:cn-north-1:123456789012:thing/t-1");
  EXPECT_EQ(format_iso8601(r.date().value()), "2026-01-19T00:00:00Z");
  EXPECT_EQ(r.tag("a")->as_text(), "1");
  EXPECT_TRUE(r.tag("empty").has_value());
  EXPECT_FALSE(r.tag("b").has_value());
}

// Image dates are texts in EC2's model.
TEST(Record, ReadsDatesFromTexts) {
  Kind kind = thing();
  kind.date = "CreationDate";
  EXPECT_EQ(format_iso8601(record(kind, R"({"CreationDate": "2026-01-19T00:36:26.000Z"})").date().value()),
            "2026-01-19T00:36:26Z");
  EXPECT_FALSE(record(kind, R"({"CreationDate": "soon"})").date());
  EXPECT_FALSE(record(kind, "{}").date());
}

TEST(Record, UnreadableTagsAreUnknownAndNotAbsent) {
  const Kind kind = thing();
  Builder b;
  b.begin_map();
  b.put("ThingId", "t-1");
  b.key("Tags");
  b.unknown("denied");
  b.end();
  const Record r{&kind, {}, b.finish()};
  ASSERT_TRUE(r.tag("a").has_value());
  EXPECT_TRUE(r.tag("a")->is_unknown());
}

TEST(RecordView, WholeShowsRecordColumnsAndLatestEvidence) {
  const Kind kind = thing();
  RecordView view(record(kind, R"({"ThingId": "t-1", "Size": 8})"));
  EXPECT_EQ(to_json(view.whole()), R"({"ThingId":"t-1","Size":8})");
  view.set_column("Attr", decoded("[1]"));
  view.add_evidence("c7n:x", decoded(R"("old")"));
  const auto mark = view.evidence_mark();
  view.add_evidence("c7n:x", decoded(R"("new")"));
  EXPECT_EQ(view.whole()["c7n:x"].as_text(), "new");
  EXPECT_EQ(view.find_evidence("c7n:x")->as_text(), "new");
  EXPECT_EQ(view.whole()["Attr"][std::size_t{0}].as_integer(), 1);
  EXPECT_EQ(view.whole()["Size"].as_integer(), 8);
  view.forget_evidence(mark);
  EXPECT_EQ(view.whole()["c7n:x"].as_text(), "old");
}

TEST(RecordView, AColumnIsUnfetchedUnknownUnsupportedOrThere) {
  const Kind kind = thing();
  RecordView view(record(kind, R"({"ThingId": "t-1"})"));
  EXPECT_FALSE(view.column("Attr"));
  view.set_column_unknown("Attr", "denied");
  EXPECT_EQ(view.column("Attr")->unknown_reason(), "denied");
  EXPECT_TRUE(view.whole()["Attr"].is_unknown());
  view.set_column_unsupported("Attr");
  EXPECT_TRUE(view.column("Attr")->is_null());
  EXPECT_TRUE(view.column_unsupported("Attr"));
  view.set_column("Attr", decoded("{}"));
  EXPECT_FALSE(view.column_unsupported("Attr"));
}

TEST(Snapshots, CopiesAndForeignOnesHaveNoSourceVolume) {
  const auto source = [](std::string_view json) { return std::string(source_volume(decoded(json))); };
  EXPECT_EQ(source(R"({"VolumeId": "vol-1"})"), "vol-1");
  EXPECT_EQ(source(R"({"VolumeId": "vol-1", "TransferType": "standard"})"), "");
  EXPECT_EQ(source(R"({"VolumeId": "vol-1", "Description": "[Copied snap-1 from us-east-1]"})"), "");
  EXPECT_EQ(source(R"({"VolumeId": "vol-1", "Description": "Copied for DestinationAmi ami-1 from SourceAmi ami-2"})"),
            "");
  EXPECT_EQ(source(R"({"VolumeId": "vol-ffffffff"})"), "");
  EXPECT_EQ(source("{}"), "");
}

TEST(Snapshots, NewestIsByStartTimeThenId) {
  const auto newer = [](std::string_view a, std::string_view b) { return is_newer(decoded(a), decoded(b)); };
  const auto* early = R"({"SnapshotId": "snap-9", "StartTime": "2026-01-01T00:00:00Z"})";
  const auto* late = R"({"SnapshotId": "snap-1", "StartTime": "2026-01-02T00:00:00Z"})";
  const auto* late_too = R"({"SnapshotId": "snap-2", "StartTime": "2026-01-02T00:00:00Z"})";
  EXPECT_TRUE(newer(late, early));
  EXPECT_TRUE(newer(late_too, late));
  EXPECT_FALSE(newer(late, late));
}

}  // namespace
}  // namespace reeve::estate
