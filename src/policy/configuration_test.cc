#include "policy/configuration.h"

#include <gmock/gmock.h>

#include "estate/testing/scripted_api.h"

namespace reeve::policy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ConfigurationFile : public ::testing::Test {
 protected:
  /// Why "snap-1" of 123456789012 in eu-central-1 is protected on 2026-06-01, noon; "" if it is not.
  std::string why(const std::string& yaml, const std::string& tags = "[]") {
    const auto read = read_configuration("format: 1\n" + yaml, "config.yaml", *kinds_);
    if (!read) return "error: " + read.error().message;
    const estate::Record record{
        .kind = kinds_->find("ebs-snapshot"),
        .scope = {.account = "123456789012", .region = "eu-central-1"},
        .document = estate::testing::decoded(R"({"SnapshotId": "snap-1", "Tags": )" + tags + "}")};
    return protected_by(*read, record, parse_iso8601("2026-06-01T12:00:00Z").value()).value_or("");
  }
  std::string entry(const std::string& members, const std::string& tags = "[]") {
    return why("protect: [{" + members + "}]", tags);
  }
  std::string error(const std::string& yaml) {
    const auto read = read_configuration(yaml, "config.yaml", *kinds_);
    return read ? "" : read.error().message;
  }
  std::shared_ptr<const estate::Kinds> kinds_ = estate::Kinds::embedded().value();
};

TEST_F(ConfigurationFile, IdAndArnAreGlobs) {
  EXPECT_EQ(entry("id: snap-1"), "the configuration protects it (line 2)");
  EXPECT_NE(entry("id: snap-*"), "");
  EXPECT_NE(entry("id: 'arn:aws:ec2:eu-*:*:snapshot/snap-1'"), "");
  EXPECT_EQ(entry("id: snap-11"), "");
  EXPECT_EQ(entry("id: snap"), "");
}

TEST_F(ConfigurationFile, TagKeyAndValueAreGlobs) {
  const std::string tags = R"([{"Key": "Name", "Value": "a"}, {"Key": "team", "Value": "pay=ments"}])";
  EXPECT_NE(entry("tag: team", tags), "");
  EXPECT_NE(entry("tag: 't*=pay=*'", tags), "");
  EXPECT_EQ(entry("tag: team=search", tags), "");
  EXPECT_EQ(entry("tag: 'Name=pay*'", tags), "");  // key and value of one tag
  EXPECT_EQ(entry("tag: team"), "");
}

TEST_F(ConfigurationFile, AllThatIsGivenMustHold) {
  EXPECT_NE(entry("id: '*', kind: aws.ebs-snapshot, account: '123456789012', region: 'eu-*'"), "");
  EXPECT_NE(entry("id: '*', account: 123456789012"), "");
  EXPECT_EQ(entry("id: '*', kind: ebs"), "");
  EXPECT_EQ(entry("id: '*', account: '210987654321'"), "");
  EXPECT_EQ(entry("id: '*', region: us-east-1"), "");
  EXPECT_EQ(entry("id: snap-1, tag: team"), "");
}

TEST_F(ConfigurationFile, UntilCountsToTheEndOfItsDay) {
  EXPECT_EQ(entry("id: snap-1, until: 2026-06-01, reason: the audit"),
            "the configuration protects it (line 2, until 2026-06-02T00:00:00Z): the audit");
  EXPECT_NE(entry("id: snap-1, until: '2026-06-01'"), "");
  EXPECT_EQ(entry("id: snap-1, until: 2026-05-31"), "");
  EXPECT_EQ(entry("id: snap-1, until: 2026-05-31T11:00:00Z"), "");
  EXPECT_NE(entry("id: snap-1, until: 2026-06-01T00:00:00Z"), "");  // a time reaches to the end of its day, too
  EXPECT_NE(entry("id: snap-1, until: '2026-06-01T00:00:00-08:00'"), "");
  EXPECT_NE(entry("id: snap-1, until: 2026-06-01T13:30:00+01:00"), "");
}

TEST_F(ConfigurationFile, ReevesOwnThingsByNameOrArn) {
  estate::Kind kind;
  kind.name = "sqs";
  kind.id = "QueueUrl";
  kind.arn = "arn:{partition}:sqs:{region}:{account}:{id}";
  const auto of_queue = [&](const std::string& own) {
    const auto read = read_configuration("format: 1\nown: {queue: '" + own + "'}", "config.yaml", *kinds_);
    const estate::Record record{.kind = &kind,
                                .scope = {.account = "123456789012", .region = "eu-central-1"},
                                .document = estate::testing::decoded(R"({"QueueUrl": "reeve-jobs"})")};
    return protected_by(read.value(), record, Time{}).value_or("");
  };
  EXPECT_EQ(of_queue("reeve-jobs"), "the configuration protects it (line 2): Reeve's own queue");
  EXPECT_NE(of_queue("arn:aws:sqs:eu-central-1:123456789012:reeve-jobs"), "");
  EXPECT_EQ(of_queue("reeve"), "");
  EXPECT_EQ(of_queue("arn:aws:sqs:us-east-1:123456789012:reeve-jobs"), "");
  EXPECT_EQ(why("own: {queue: snap-1}"), "");  // a name counts for its own kind alone
}

TEST_F(ConfigurationFile, MistakesAreNamedWithTheirPlaceAllAtOnce) {
  EXPECT_THAT(error("format: 1\nprotcet: []\nown: {que: x}\n"),
              AllOf(HasSubstr("config.yaml:2:1: unknown key \"protcet\""), HasSubstr("did you mean \"protect\"?")));
  const std::string all = error(
      "format: 1\nprotect:\n- {id: a, raeson: b}\n- {reason: b}\n- {id: '', kind: ebs}\n- {id: a, kind: ebs-snapshto}\n"
      "- {id: a, account: 12345}\n- {id: a, until: soon}\n- {tag: =x}\n- snap-1\nown: {queu: x}\n");
  for (const auto* part :
       {"config.yaml:3:11: unknown key \"raeson\"", "4:3: an entry of \"protect\" needs \"id\" or \"tag\"",
        "5:8: \"id\" is empty", "6:17: there is no kind \"ebs-snapshto\"", "did you mean \"ebs-snapshot\"?",
        "7:20: \"account\" must be 12 digits", "8:18: \"until\" must be a date", "9:9: \"tag\" must be KEY",
        "10:3: an entry of \"protect\" must be a map", "11:7: unknown key \"queu\"", "did you mean \"queue\"?"}) {
    EXPECT_THAT(all, HasSubstr(part));
  }
  EXPECT_THAT(error("format: 2\n"), HasSubstr("\"format\" must be 1"));
  EXPECT_THAT(error("protect: []\n"), HasSubstr("needs the key \"format\""));
  EXPECT_THAT(error("- a\n"), HasSubstr("must be a map"));
  EXPECT_NE(error("format: 1\nprotect: [\n"), "");
  EXPECT_NE(error("format: 1\nprotect: []\nprotect: []\n"), "");
  for (const auto* nothing : {"", "\n", "# protect: [{id: a}]\n", "---\n"}) {  // what was there may have been lost
    EXPECT_THAT(error(nothing), HasSubstr("\"format: 1\"")) << nothing;
  }
}

}  // namespace
}  // namespace reeve::policy
