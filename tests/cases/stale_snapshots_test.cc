// The whole way from a policy to steps against the sandbox, over its wire: which snapshots are stale and why, which
// are kept by which guard, and that the cloud accepts the steps and keeps what undo promises.

#include <gmock/gmock.h>

#include <map>

#include "aws/errors.h"
#include "aws/protocol/codec.h"
#include "aws/sign.h"
#include "base/json.h"
#include "policy/judge.h"
#include "sandbox/sandbox.h"

namespace reeve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::string_view account = "123456789012";

struct StillClock : Clock {
  Time at = *parse_iso8601("2026-06-01T12:00:00Z");
  Time wall() override { return at; }
  Steady steady() override { return {at.us}; }
};

/// The door into the sandbox: codecs and signatures, but no network.
class SandboxApi : public aws::Api {
 public:
  SandboxApi(sandbox::Sandbox& cloud, aws::Models& models, Clock& clock)
      : cloud_(cloud), models_(models), clock_(clock) {}

  Task<Result<aws::Response>> call(aws::Request request) override {
    CO_TRY(const auto found, models_.get(request.service, request.operation));
    CO_TRY(const aws::Codec* codec, aws::codec_for(*found.model));
    CO_TRY(const auto encoded, codec->encode_request(*found.model, *found.operation, request.params, "token"));
    HttpRequest http{.method = encoded.method,
                     .host = request.service + "." + request.scope.region + ".amazonaws.com",
                     .target = encoded.target,
                     .headers = encoded.headers,
                     .body = encoded.body};
    const aws::Credentials credentials{.access_key_id = "testing", .secret_access_key = "testing"};
    const aws::SignOptions options{
        .region = request.scope.region, .signing_name = found.model->signing_name, .time = clock_.wall()};
    CO_TRY(aws::sign(http, credentials, options));
    auto answer = co_await cloud_.handle(std::move(http));
    auto response = std::make_shared<HttpResponse>(std::move(answer.response));
    if (response->status >= 300) {
      const auto wire = codec->decode_error(*found.model, *found.operation, *response);
      co_return fail(
          aws::to_error(wire, found.operation, {.operation = request.operation_name(), .host = "amazonaws.com"}));
    }
    constexpr std::size_t readable_past_the_end = 64;
    response->body.reserve(response->body.size() + readable_past_the_end);
    CO_TRY(auto document, codec->decode_response(*found.model, *found.operation, response));
    co_return aws::Response{.document = std::move(document), .meta = {}};
  }

 private:
  sandbox::Sandbox& cloud_;
  aws::Models& models_;
  Clock& clock_;
};

constexpr auto* estate_json = R"({"format": 1,
  "bin_rules": [{"Identifier": "rule7", "RetentionDays": 7, "ExcludeResourceTags": {"bin": "no"}}],
  "instances": [{"InstanceId": "i-up", "State": "running"}, {"InstanceId": "i-down", "State": "stopped"}],
  "volumes": [{"VolumeId": "vol-up", "Attachments": [{"InstanceId": "i-up", "Device": "/dev/xvda"}]},
              {"VolumeId": "vol-down", "Attachments": [{"InstanceId": "i-down", "Device": "/dev/xvda"}]},
              {"VolumeId": "vol-hidden", "Operator": {"Principal": "x.amazonaws.com", "HiddenByDefault": true}},
              {"VolumeId": "vol-free"}],
  "volumes_in_bin": [{"VolumeId": "vol-bin"}],
  "images": [{"ImageId": "ami-off", "State": "disabled", "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "SnapshotId": "snap-image-root"}, {"DeviceName": "/dev/sdb", "SnapshotId": "snap-image-data"}]}],
  "launch_templates": [{"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "LatestVersionNumber": 2, "DefaultVersionNumber": 2,
      "Versions": [{"VersionNumber": 1, "LaunchTemplateData": {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": "snap-template"}}]}},
                   {"VersionNumber": 2, "LaunchTemplateData": {"InstanceType": "t3.micro"}}]}],
  "launch_configurations": [{"LaunchConfigurationName": "old", "ImageId": "ami-off", "InstanceType": "t3.micro",
      "BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": "snap-configuration"}}]}],
  "snapshots": [
    {"SnapshotId": "snap-copy", "VolumeId": "vol-any", "TransferType": "standard"},
    {"SnapshotId": "snap-foreign", "VolumeId": "vol-ffffffff"},
    {"SnapshotId": "snap-plain"},
    {"SnapshotId": "snap-plain-unbinned", "Tags": {"bin": "no"}},
    {"SnapshotId": "snap-gone-1", "VolumeId": "vol-gone", "StartTime": "-90d"},
    {"SnapshotId": "snap-gone-2", "VolumeId": "vol-gone", "StartTime": "-60d"},
    {"SnapshotId": "snap-gone-last", "VolumeId": "vol-gone", "StartTime": "-30d"},
    {"SnapshotId": "snap-hidden", "VolumeId": "vol-hidden"},
    {"SnapshotId": "snap-in-bin", "VolumeId": "vol-bin"},
    {"SnapshotId": "snap-free", "VolumeId": "vol-free"},
    {"SnapshotId": "snap-down", "VolumeId": "vol-down"},
    {"SnapshotId": "snap-up", "VolumeId": "vol-up"},
    {"SnapshotId": "snap-pending", "State": "pending"},
    {"SnapshotId": "snap-image-root"}, {"SnapshotId": "snap-image-data"}, {"SnapshotId": "snap-template"},
    {"SnapshotId": "snap-configuration"},
    {"SnapshotId": "snap-shared", "SharedWith": ["210987654321"]},
    {"SnapshotId": "snap-backup", "Tags": {"aws:backup:source-resource": "x"}},
    {"SnapshotId": "snap-locked", "Lock": {"Mode": "governance", "Duration": 30}},
    {"SnapshotId": "snap-fast", "FastRestores": {"us-east-1a": {"State": "enabled"}}},
    {"SnapshotId": "snap-protected", "Tags": {"reeve:protect": ""}}]})";

class StaleSnapshots : public ::testing::Test {
 protected:
  StaleSnapshots() : kinds_(estate::Kinds::embedded().value()), prices_(estate::Prices::embedded().value()) {
    const auto loaded = cloud_.load_estate(parse_json(estate_json).value());
    EXPECT_TRUE(loaded) << loaded.error().text();
    fresh_reader();
  }
  void fresh_reader() {
    const aws::Scope scope{.account = std::string(account), .region = "us-east-1"};
    reader_ = std::make_unique<estate::Reader>(api_, models_, *kinds_, loop_, scope, estate::Reader::Options{});
  }
  policy::Context context() {
    return {.reader = *reader_,
            .prices = prices_,
            .now = clock_.at,
            .account = std::string(account),
            .region = "us-east-1",
            .partition = "aws",
            .run = "run-1",
            .scratch = scratch_};
  }
  std::unique_ptr<policy::Policy> policy(const std::string& reasons, const std::string& action) {
    const auto data =
        parse_json(R"({"name": "p", "resource": "ebs-snapshot", "filters": [{"type": "stale", "reasons": ")" + reasons +
                   R"("}], "actions": [)" + action + "]}");
    auto made = policy::policy_from_data(data.value(), vocabulary_, *kinds_, clock_.at);
    EXPECT_TRUE(made) << made.error().text();
    return *std::move(made);
  }
  policy::Judged judge(const policy::Policy& policy) {
    policy::Context facts = context();
    return loop_.run(policy::judge_policy(policy, facts));
  }
  /// id → reason of those that match.
  std::map<std::string, std::string> reasons(const policy::Judged& judged) {
    std::map<std::string, std::string> out;
    for (const auto& candidate : judged.matched) {
      for (const auto& finding : candidate.findings) {
        if (finding.filter == "stale") out[std::string(candidate.view.id())] = finding.evidence["reason"].as_string();
      }
    }
    return out;
  }

  StillClock clock_;
  Loop loop_{clock_};
  aws::Models models_;
  sandbox::Sandbox cloud_{{.clock = clock_, .models = models_, .seed = 7}};
  SandboxApi api_{cloud_, models_, clock_};
  std::shared_ptr<const estate::Kinds> kinds_;
  estate::Prices prices_;
  text::Scratch scratch_;
  policy::Vocabulary vocabulary_;
  std::unique_ptr<estate::Reader> reader_;
};

constexpr auto* every_reason = "copied,foreign,no-volume,last-copy,volume-gone,volume-unattached,instance-not-running";

TEST_F(StaleSnapshots, EachReasonAgainstTheSandbox) {
  const auto p = policy(every_reason, R"("delete")");
  const auto judged = judge(*p);
  ASSERT_FALSE(judged.broken) << judged.broken->text();
  EXPECT_EQ(judged.seen, 22U);
  EXPECT_TRUE(judged.unknown.empty());
  auto found = reasons(judged);
  for (const auto* plain : {"snap-image-root", "snap-image-data", "snap-template", "snap-configuration", "snap-shared",
                            "snap-backup", "snap-locked", "snap-fast", "snap-protected", "snap-plain-unbinned"}) {
    EXPECT_EQ(found[plain], "no-volume") << plain;
    found.erase(plain);
  }
  EXPECT_THAT(found, ElementsAre(Pair("snap-copy", "copied"), Pair("snap-down", "instance-not-running"),
                                 Pair("snap-foreign", "foreign"), Pair("snap-free", "volume-unattached"),
                                 Pair("snap-gone-1", "volume-gone"), Pair("snap-gone-2", "volume-gone"),
                                 Pair("snap-gone-last", "last-copy"), Pair("snap-hidden", "volume-unattached"),
                                 Pair("snap-plain", "no-volume")));
}

TEST_F(StaleSnapshots, TheStandardPolicyTakesNeitherCopiesNorTheLastOne) {
  const auto p = policy("volume-gone", R"("delete")");
  const auto judged = judge(*p);
  EXPECT_THAT(reasons(judged), ElementsAre(Pair("snap-gone-1", "volume-gone"), Pair("snap-gone-2", "volume-gone")));
  // The snapshots were listed once, although last copies are looked for among all of them.
  EXPECT_EQ(cloud_.calls()["ec2.DescribeSnapshots"].as_integer(), 1);
}

TEST_F(StaleSnapshots, EveryGuardKeepsItsOwn) {
  const auto p = policy("no-volume", R"("delete")");
  auto judged = judge(*p);
  std::vector<policy::Candidate*> candidates;
  for (auto& candidate : judged.matched) candidates.push_back(&candidate);
  policy::Context facts = context();
  const auto guarded = loop_.run(policy::run_guards(*p->actions[0], candidates, facts));
  std::map<std::string, std::string> kept, open;
  for (std::size_t i = 0; i < guarded.size(); ++i) {
    const std::string id(candidates[i]->view.id());
    if (guarded[i].kept) kept[id] = guarded[i].code;
    if (!guarded[i].kept) open[id] = guarded[i].undo_none ? "none" : "bin";
  }
  EXPECT_THAT(kept,
              ElementsAre(Pair("snap-backup", "managed"), Pair("snap-configuration", "in-use-by-launch-configuration"),
                          Pair("snap-fast", "fast-restore"), Pair("snap-image-data", "in-use-by-image"),
                          Pair("snap-image-root", "in-use-by-image"), Pair("snap-locked", "locked"),
                          Pair("snap-protected", "protected"), Pair("snap-shared", "shared"),
                          Pair("snap-template", "in-use-by-template")));
  EXPECT_THAT(open, ElementsAre(Pair("snap-plain", "bin"), Pair("snap-plain-unbinned", "none")));
}

// What the plan says of undo is what the cloud then does.
TEST_F(StaleSnapshots, UndoHoldsWhatThePlanPromised) {
  const auto p = policy("no-volume", R"("delete")");
  auto judged = judge(*p);
  std::vector<policy::Candidate*> candidates;
  for (auto& candidate : judged.matched) candidates.push_back(&candidate);
  policy::Context facts = context();
  const auto guarded = loop_.run(policy::run_guards(*p->actions[0], candidates, facts));
  std::size_t rows = 0;
  for (std::size_t i = 0; i < guarded.size(); ++i) {
    if (guarded[i].kept) continue;
    const auto planned = p->actions[0]->plan_row(candidates[i]->view, facts);
    const auto& row = std::get<policy::RowDraft>(planned);
    ++rows;
    for (const auto& step : row.steps) {
      EXPECT_TRUE(cloud_.call(account, "us-east-1", step.service, step.operation, step.params));
      const auto restored = cloud_.call(account, "us-east-1", "ec2", "RestoreSnapshotFromRecycleBin", step.params);
      EXPECT_EQ(restored.has_value(), row.undo.undo_class == policy::UndoClass::approximate)
          << candidates[i]->view.id();
    }
  }
  EXPECT_EQ(rows, 2U);
}

TEST_F(StaleSnapshots, JudgedAgainByIdTheAnswerIsTheSame) {
  const auto p = policy(every_reason, R"("delete")");
  const auto judged = judge(*p);
  std::vector<std::string> ids;
  for (const auto& candidate : judged.matched) ids.emplace_back(candidate.view.id());
  fresh_reader();
  const auto records = loop_.run(reader_->by_ids(*p->kind, ids));
  ASSERT_TRUE(records);
  std::vector<policy::Candidate> again;
  for (const auto& record : *records) again.push_back({.view = estate::RecordView(record)});
  std::vector<policy::Candidate*> candidates;
  for (auto& candidate : again) candidates.push_back(&candidate);
  policy::Context facts = context();
  for (const auto& verdict : loop_.run(policy::judge_again(*p, candidates, facts))) {
    EXPECT_EQ(verdict.truth, policy::Truth::yes) << verdict.reason;
  }
}

TEST_F(StaleSnapshots, AVolumeThatCameBackIsDrift) {
  const auto p = policy("volume-gone", R"("delete")");
  const auto judged = judge(*p);
  ASSERT_FALSE(judged.matched.empty());
  ASSERT_TRUE(cloud_.load_estate(parse_json(R"({"format": 1, "volumes": [{"VolumeId": "vol-gone"}]})").value()));
  fresh_reader();
  policy::Candidate again{.view = estate::RecordView(judged.matched[0].view.record())};
  policy::Candidate* one[] = {&again};
  policy::Context facts = context();
  const auto verdicts = loop_.run(policy::judge_again(*p, one, facts));
  EXPECT_EQ(verdicts[0].truth, policy::Truth::no);
  EXPECT_THAT(verdicts[0].reason, HasSubstr("vol-gone is not attached"));
}

// A larger estate with what real ones have: everything is judged, in a fixed handful of calls.
TEST_F(StaleSnapshots, AGeneratedEstate) {
  cloud_.generate(300, 7);
  const auto p = policy("volume-gone,no-volume,volume-unattached,instance-not-running", R"("delete")");
  auto judged = judge(*p);
  ASSERT_FALSE(judged.broken) << judged.broken->text();
  EXPECT_TRUE(judged.unknown.empty());
  EXPECT_EQ(judged.seen, 322U);
  EXPECT_GT(judged.matched.size(), 100U);
  EXPECT_LT(judged.matched.size(), 250U);
  std::int64_t calls = 0;
  const Document counted = cloud_.calls();
  for (const auto [operation, count] : counted.root().entries()) calls += count.as_integer();
  EXPECT_LE(calls, 6);

  std::vector<policy::Candidate*> candidates;
  for (auto& candidate : judged.matched) candidates.push_back(&candidate);
  policy::Context facts = context();
  const auto guarded = loop_.run(policy::run_guards(*p->actions[0], candidates, facts));
  std::size_t rows = 0;
  for (const auto& one : guarded) {
    EXPECT_NE(one.code, "unknown") << one.message;
    rows += one.kept ? 0U : 1U;
  }
  EXPECT_GT(rows, 0U);
  EXPECT_LT(rows, guarded.size());  // some of it is in use
}

TEST_F(StaleSnapshots, TheCloudAcceptsArchiveAndTags) {
  for (const auto* action : {R"("archive")", R"({"type": "tag", "tags": {"stale": "yes"}})"}) {
    const auto p = policy("volume-unattached", action);
    const auto judged = judge(*p);
    ASSERT_EQ(judged.matched.size(), 2U);
    const policy::Context facts = context();
    const auto planned = p->actions[0]->plan_row(judged.matched[0].view, facts);
    for (const auto& step : std::get<policy::RowDraft>(planned).steps) {
      const auto done = cloud_.call(account, "us-east-1", step.service, step.operation, step.params);
      EXPECT_TRUE(done) << (done ? "" : done.error().message);
    }
    fresh_reader();
  }
}

}  // namespace
}  // namespace reeve
