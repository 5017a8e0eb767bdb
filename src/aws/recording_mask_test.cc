#include "aws/recording_mask.h"

#include <gtest/gtest.h>

#include "aws/live_fakes.h"
#include "aws/recording.h"
#include "base/seeded_random.h"
#include "base/sim_seams.h"

/// What a recording must not tell, cannot be found in any byte of its folder; and it can be replayed all the same.
namespace reeve::aws {
namespace {

constexpr const char* folder = "/home/reeve/rec";

class Masks : public testing::Test {
 protected:
  Result<Response> run(Api& api, Request request) {
    Task<Result<Response>> call = api.call(std::move(request));
    return world.loop.run(std::move(call));
  }
  /// All bytes of the folder, names too, and what blobs hold.
  std::string bytes() {
    std::string out;
    const auto names = world.disk.list(folder);
    for (const std::string& name : *names) {
      const auto text = world.disk.read_file(std::string(folder) + "/" + name, 1 << 24);
      out += name + "\n" + *text + "\n";
      const auto typed = read_typed_json(*text);
      if (typed) add_blobs(*typed, out);
    }
    return out;
  }
  static void add_blobs(Value value, std::string& out) {
    if (value.kind() == Kind::blob) out.append(value.as_text()).append("\n");
    for (const Value item : value.items()) add_blobs(item, out);
    for (const auto [key, item] : value.entries()) add_blobs(item, out);
  }
  SimWorld world;
  Models models;
};

/// Documents that hold secrets and numbers at places of chance.
struct Chance {
  explicit Chance(std::uint64_t seed) : random(seed) {
    for (int i = 0; i < 3; ++i) {
      accounts.push_back(letters("0123456789", 12));
      keys.push_back((i ? "AKIA" : "ASIA") + letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16));
      secrets.push_back(letters("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+", 40));
    }
  }
  std::string letters(std::string_view from, std::size_t length) {
    std::string out;
    while (out.size() < length) out += from[random.below(from.size())];
    return out;
  }
  const std::string& one(const std::vector<std::string>& all) { return all[random.below(all.size())]; }
  std::string text() {
    switch (random.below(7)) {
      case 0:
        return "arn:aws:iam::" + one(accounts) + ":role/r";
      case 1:
        return "https://sqs.us-east-1.amazonaws.com/" + one(accounts) + "/queue";
      case 2:
        return one(accounts);
      case 3:
        return "key " + one(keys) + ";";
      case 4:
        return "logs-" + one(accounts) + "x" + one(accounts);
      case 5:
        return "https://b.s3.amazonaws.com/k?X-Amz-Credential=" + one(keys) +
               "%2F20260101&X-Amz-Signature=" + one(secrets) + "&a=b";
      default:
        return "the token was " + one(secrets) + ", of " + one(accounts);
    }
  }
  void value(Builder& out, int depth) {
    switch (random.below(depth > 3 ? 3 : 6)) {
      case 0:
      case 1:
        out.add(text());
        break;
      case 2:
        out.blob(text());
        break;
      case 3:
        out.begin_list();
        for (std::size_t i = random.below(4); i > 0; --i) value(out, depth + 1);
        out.end();
        break;
      default:
        members(out, depth + 1);
    }
  }
  void members(Builder& out, int depth) {
    static constexpr std::array<std::string_view, 6> secret_members{"SecretAccessKey", "sessionToken", "Password",
                                                                    "accessToken",     "ClientSecret", "SecretString"};
    out.begin_map();
    for (const std::string_view member : secret_members) {
      if (random.chance(0.5)) out.put(member, one(secrets));
    }
    for (std::size_t i = 0; i < 4; ++i) out.key("Member" + std::to_string(i)), value(out, depth);
    out.key(text()), out.add(1);
    out.end();
  }
  Document document() {
    Builder out;
    out.begin_map();
    // All are told at the outset, as they are by the calls that a session begins with.
    out.begin_list("OwnerIds");
    for (const std::string& account : accounts) out.add(account);
    out.end();
    out.begin_list("AccessToken");
    for (const std::string& secret : secrets) out.add(secret);
    out.end();
    out.key("Rest"), members(out, 0);
    out.end();
    return out.finish();
  }
  SeededRandom random;
  std::vector<std::string> accounts, keys, secrets;
};

TEST_F(Masks, NothingOfTheSessionIsInAnyByteOfTheFolder) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    ASSERT_TRUE(world.disk.make_folders(folder));
    const auto before = world.disk.list(folder);
    for (const std::string& name : *before) ASSERT_TRUE(world.disk.remove(std::string(folder) + "/" + name));
    Chance chance(seed);
    const Document asked = chance.document(), answer = chance.document();
    FakeApi fake([&](const Request& request) -> Result<Response> {
      if (request.operation == "Fails") {
        return fail({.code = Code::access_denied, .message = "not " + chance.text(), .resource = chance.accounts[0]});
      }
      return Response{.document = answer, .meta = {.status = 200, .request_id = "r"}};
    });
    Record record(fake, world.disk, folder, models, world.random);
    Request request{.service = "made-up", .operation = "Call", .params = asked};
    request.scope = {.partition = "aws", .account = chance.accounts[0], .region = "us-east-1"};
    const auto told = run(record, request);
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->document.root() == answer.root()) << "the caller gets the answer as it is";
    request.operation = "Fails";
    EXPECT_FALSE(run(record, request));
    const std::string all = bytes();
    for (const auto* kind : {&chance.accounts, &chance.keys, &chance.secrets}) {
      for (const std::string& one : *kind) EXPECT_EQ(all.find(one), std::string::npos) << one;
    }

    auto replay = Replay::open(world.disk, folder, models);
    ASSERT_TRUE(replay) << replay.error().text();
    request.operation = "Call";
    const auto again = run(**replay, request);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->document["Rest"]["Member0"].kind(), answer["Rest"]["Member0"].kind());
    request.operation = "Fails";
    const auto failed = run(**replay, request);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::access_denied);
    EXPECT_TRUE((*replay)->unused().empty());
  }
}

// One number becomes one other, everywhere and in each recording of the folder, whatever it stands in.
TEST_F(Masks, NumbersAreTheSameThroughoutARecording) {
  FakeApi fake([](const Request&) {
    return ok(R"({"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/u", "Owner": "444455556666"})");
  });
  {
    Record record(fake, world.disk, folder, models, world.random);
    ASSERT_TRUE(run(record, request("sts", "GetCallerIdentity")));
  }
  Record goes_on(fake, world.disk, folder, models, world.random);
  ASSERT_TRUE(run(goes_on, request("ec2", "DescribeSnapshots", R"({"OwnerIds": ["111122223333"]})")));
  auto replay = Replay::open(world.disk, folder, models);
  ASSERT_TRUE(replay);
  const auto who = run(**replay, request("sts", "GetCallerIdentity"));
  ASSERT_TRUE(who) << who.error().text();
  const std::string account = who->document["Account"].as_string();
  EXPECT_NE(account, "111122223333");
  EXPECT_EQ(account.size(), 12U);
  EXPECT_EQ(who->document["Arn"].as_text(), "arn:aws:iam::" + account + ":user/u");
  EXPECT_NE(who->document["Owner"].as_text(), account);
  // The recording's own number, as its answers gave it, finds the exchange that was asked for with the real one.
  const auto listed = run(**replay, request("ec2", "DescribeSnapshots", R"({"OwnerIds": [")" + account + "\"]}"));
  ASSERT_TRUE(listed) << listed.error().text();
  EXPECT_EQ(listed->document["Account"].as_text(), account);
}

// What the models call sensitive has no name that tells it.
TEST_F(Masks, WhatModelsCallSensitiveIsMasked) {
  FakeApi fake([](const Request&) {
    return ok(R"({"FunctionName": "f", "Environment": {"Variables": {"DB": "hunter2-and-more"}}})");
  });
  Record record(fake, world.disk, folder, models, world.random);
  const std::string_view params =
      R"({"FunctionName": "f", "Role": "r", "Code": {"S3Bucket": "b"}, "Environment": {"Variables": {"DB": "hunter2-and-more"}}})";
  ASSERT_TRUE(run(record, request("lambda", "CreateFunction", params)));
  EXPECT_EQ(bytes().find("hunter2"), std::string::npos);
  auto replay = Replay::open(world.disk, folder, models);
  ASSERT_TRUE(replay);
  const auto made = run(**replay, request("lambda", "CreateFunction", params));
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(made->document["FunctionName"].as_text(), "f");
  EXPECT_EQ(made->document["Environment"]["Variables"]["DB"].as_text(), Mask::masked);
}

TEST_F(Masks, RecordingsWithoutAMaskAreReplayedAsTheyAre) {
  ASSERT_TRUE(world.disk.make_folders(folder));
  ASSERT_TRUE(world.disk.write_file(
      std::string(folder) + "/000001-sts.GetCallerIdentity.json",
      R"({"format": 1, "service": "sts", "operation": "GetCallerIdentity", "scope": {"partition": "aws", "account":
          "123456789012", "region": "us-east-1"}, "params": null, "document": {"Account": "123456789012"}, "meta": {}})"));
  auto replay = Replay::open(world.disk, folder, models);
  ASSERT_TRUE(replay) << replay.error().text();
  const auto who = run(**replay, request("sts", "GetCallerIdentity"));
  ASSERT_TRUE(who) << who.error().text();
  EXPECT_EQ(who->document["Account"].as_text(), "123456789012");
}

TEST_F(Masks, ADamagedMaskIsNamed) {
  ASSERT_TRUE(world.disk.make_folders(folder));
  ASSERT_TRUE(world.disk.write_file(std::string(folder) + "/mask.json", R"({"format": 1})"));
  const auto replay = Replay::open(world.disk, folder, models);
  ASSERT_FALSE(replay);
  EXPECT_EQ(replay.error().code, Code::malformed);
}

}  // namespace
}  // namespace reeve::aws
