#include <gtest/gtest.h>

#include "aws/credentials_fakes.h"

namespace reeve::aws {
namespace {

using Fixture = CredentialFixture;

TEST(Credentials, TheEnvironmentComesFirst) {
  Fixture f;
  f.keys("[default]\naws_access_key_id = file\naws_secret_access_key = file\n");
  f.world.environment.variables = {
      {"AWS_ACCESS_KEY_ID", "env"}, {"AWS_SECRET_ACCESS_KEY", "secret"}, {"AWS_SESSION_TOKEN", "token"}};
  const auto got = f.get();
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->access_key_id, "env");
  EXPECT_EQ(got->session_token, "token");
  EXPECT_EQ(got->source, "environment");
  f.overrides.profile = "default";
  EXPECT_EQ(f.get()->access_key_id, "file") << "--profile was meant";
}

TEST(Credentials, HalfAKeyPairIsAnErrorAndNotSomebodyElse) {
  Fixture f;
  f.keys("[default]\naws_access_key_id = file\naws_secret_access_key = file\n");
  f.world.environment.variables = {{"AWS_ACCESS_KEY_ID", "env"}};
  const auto got = f.get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::credentials);
  EXPECT_NE(got.error().message.find("AWS_SECRET_ACCESS_KEY is not"), std::string::npos);
}

TEST(Credentials, AFailureNamesWhatWasTried) {
  Fixture f;
  const auto got = f.get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::credentials);
  for (const char* part :
       {"AWS_ACCESS_KEY_ID is not set", "profile default", "/home/reeve/.aws/config", "No profiles"}) {
    EXPECT_NE(got.error().message.find(part), std::string::npos) << part << " in " << got.error().message;
  }
}

constexpr const char* roles =
    "[profile top]\nrole_arn = arn:aws:iam::123456789012:role/top\nsource_profile = middle\nexternal_id = x\n"
    "duration_seconds = 3600\n"
    "[profile middle]\nrole_arn = arn:aws:iam::123456789012:role/middle\nsource_profile = base\n"
    "role_session_name = mine\n"
    "[profile base]\naws_access_key_id = base\naws_secret_access_key = secret\n";

TEST(Credentials, RolesAreAssumedOneAfterAnother) {
  Fixture f;
  f.config(roles);
  f.world.environment.variables = {{"AWS_PROFILE", "top"}};
  const auto got = f.get();
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->access_key_id, "ASIA2");
  EXPECT_EQ(got->source, "profile top (role arn:aws:iam::123456789012:role/top)");
  EXPECT_EQ(got->account_id, "123456789012");
  ASSERT_EQ(f.called.size(), 2u);
  EXPECT_EQ(to_json(f.called[0].request.params),
            R"({"RoleArn":"arn:aws:iam::123456789012:role/middle","RoleSessionName":"mine"})");
  EXPECT_EQ(f.called[0].base.access_key_id, "base");
  EXPECT_EQ(to_json(f.called[1].request.params),
            R"({"RoleArn":"arn:aws:iam::123456789012:role/top","RoleSessionName":"reeve-r1","ExternalId":"x",)"
            R"("DurationSeconds":3600})")
      << "the run's id, where the profile says nothing";
  EXPECT_EQ(f.called[1].base.access_key_id, "ASIA1");
}

TEST(Credentials, ARoleOverTheEnvironmentsKeys) {
  Fixture f;
  f.config("[profile r]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Environment\n");
  f.overrides.profile = "r";
  EXPECT_FALSE(f.get());
  f.world.environment.variables = {{"AWS_ACCESS_KEY_ID", "env"}, {"AWS_SECRET_ACCESS_KEY", "secret"}};
  ASSERT_TRUE(f.get());
  EXPECT_EQ(f.called.at(0).base.access_key_id, "env");
}

TEST(Credentials, ManyCallersAskOnce) {
  Fixture f;
  f.config(roles);
  f.overrides.profile = "middle";
  const auto from = f.source();
  std::vector<Task<Result<Credentials>>> gets;
  for (int i = 0; i < 20; ++i) gets.push_back(from->get());
  for (const auto& got : f.world.loop.run(all(f.world.loop, std::move(gets)))) {
    ASSERT_TRUE(got);
    EXPECT_EQ(got->access_key_id, "ASIA1");
  }
  EXPECT_EQ(f.called.size(), 1u);
}

TEST(Credentials, RenewedBeforeTheyExpire) {
  Fixture f;
  f.config(roles);
  f.overrides.profile = "middle";
  const auto from = f.source();
  EXPECT_EQ(f.get(*from)->access_key_id, "ASIA1");
  f.world.clock.advance(std::chrono::minutes(49));
  EXPECT_EQ(f.get(*from)->access_key_id, "ASIA1");
  f.world.clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(f.get(*from)->access_key_id, "ASIA2");
}

TEST(Credentials, WhatCannotBeRenewedIsUsedToItsEnd) {
  Fixture f;
  f.config(roles);
  f.overrides.profile = "middle";
  const auto from = f.source();
  EXPECT_EQ(f.get(*from)->access_key_id, "ASIA1");
  f.config("[profile middle]\n");
  f.world.clock.advance(std::chrono::minutes(55));
  EXPECT_EQ(f.get(*from)->access_key_id, "ASIA1");
  f.world.clock.advance(std::chrono::minutes(5));
  EXPECT_FALSE(f.get(*from));
}

TEST(Credentials, ShortLivedOnesAreNotAskedForAtEachCall) {
  Fixture f;
  f.session = std::chrono::minutes(5);
  f.config(roles);
  f.overrides.profile = "middle";
  const auto from = f.source();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(f.get(*from));
  EXPECT_EQ(f.called.size(), 1u);
}

TEST(Credentials, WhatAwsRefusedIsNotGivenAgain) {
  Fixture f;
  f.keys("[default]\naws_access_key_id = old\naws_secret_access_key = s\n");
  const auto from = f.source();
  const auto old = f.get(*from);
  ASSERT_TRUE(old);
  from->invalidate(*old);
  ASSERT_FALSE(f.get(*from));
  f.keys("[default]\naws_access_key_id = new\naws_secret_access_key = s\n");
  const auto fresh = f.get(*from);
  ASSERT_TRUE(fresh) << "the file is read again";
  EXPECT_EQ(fresh->access_key_id, "new");
  from->invalidate(*old);
  EXPECT_EQ(f.get(*from)->access_key_id, "new") << "a late refusal of the old ones changes nothing";
}

TEST(Credentials, AProcessGivesThem) {
  Fixture f;
  f.config("[default]\ncredential_process = helper --x\naws_account_id = 123456789012\n");
  f.world.process.on("helper --x", Process::Output{.exit_code = 0,
                                                   .out = R"({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S",
                                                    "SessionToken": "T", "Expiration": "2026-01-01T02:00:00Z"})",
                                                   .error = {}});
  const auto got = f.get();
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->access_key_id, "A");
  EXPECT_EQ(got->session_token, "T");
  EXPECT_EQ(got->account_id, "123456789012");
  EXPECT_EQ(format_iso8601(*got->expiration), "2026-01-01T02:00:00Z");
}

TEST(Credentials, AProcessThatFailsSaysWhyAndShowsNoSecret) {
  const std::pair<Process::Output, const char*> outputs[] = {
      {{.exit_code = 3, .out = "", .error = "no luck with TOPSECRET\n"}, "ended with 3"},
      {{.exit_code = 0, .out = "TOPSECRET", .error = ""}, "no JSON"},
      {{.exit_code = 0, .out = R"({"Version": 2, "SecretAccessKey": "TOPSECRET"})", .error = ""}, "Version"},
      {{.exit_code = 0, .out = R"({"Version": 1, "SecretAccessKey": "TOPSECRET"})", .error = ""}, "missing"}};
  for (const auto& [output, expected] : outputs) {
    Fixture f;
    f.config("[default]\ncredential_process = helper\n");
    f.world.process.on("helper", output);
    const auto got = f.get();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Code::credentials);
    EXPECT_NE(got.error().text().find(expected), std::string::npos) << got.error().text();
    EXPECT_EQ(got.error().text().find("TOPSECRET"), std::string::npos);
  }
}

TEST(Credentials, ARefusedRoleKeepsAwssReason) {
  Fixture f;
  f.config(roles);
  f.overrides.profile = "middle";
  f.answer = [](const Request&, const Credentials&) { return refused(Code::access_denied, "AccessDenied", 403); };
  const auto got = f.get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::credentials);
  EXPECT_EQ(got.error().aws->code, "AccessDenied");
  EXPECT_NE(got.error().message.find("role/middle"), std::string::npos);
}

TEST(Credentials, DurationsOutOfBoundsAreRefused) {
  for (const char* seconds : {"899", "43201", "an hour", "3600s", "-1"}) {
    Fixture f;
    f.config(std::string("[default]\nrole_arn = arn\nsource_profile = b\nduration_seconds = ") + seconds +
             "\n[profile b]\naws_access_key_id = a\naws_secret_access_key = s\n");
    EXPECT_FALSE(f.get()) << seconds;
    EXPECT_TRUE(f.called.empty());
  }
}

TEST(Settings, FlagsThenVariablesThenTheProfile) {
  Fixture f;
  f.config("[profile p]\nregion = eu-west-1\nca_bundle = ~/ca.pem\nuse_fips_endpoint = true\n");
  f.world.environment.variables = {{"AWS_PROFILE", "p"}};
  auto& env = f.world.environment;
  auto settings = load_settings(env, f.world.disk);
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings->region, "eu-west-1");
  EXPECT_EQ(settings->ca_bundle, "/home/reeve/ca.pem");
  EXPECT_TRUE(settings->use_fips);
  EXPECT_FALSE(settings->use_dual_stack);
  env.variables["AWS_DEFAULT_REGION"] = "eu-west-2";
  EXPECT_EQ(load_settings(env, f.world.disk)->region, "eu-west-2");
  env.variables["AWS_REGION"] = "eu-west-3";
  EXPECT_EQ(load_settings(env, f.world.disk)->region, "eu-west-3");
  env.variables["AWS_USE_FIPS_ENDPOINT"] = "false";
  EXPECT_FALSE(load_settings(env, f.world.disk)->use_fips);
  EXPECT_EQ(load_settings(env, f.world.disk, {.region = "us-east-1"})->region, "us-east-1");
}

TEST(Settings, ChecksumsAndCompression) {
  Fixture f;
  auto& env = f.world.environment;
  auto settings = load_settings(env, f.world.disk);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->request_checksums, ChecksumUse::when_supported);
  EXPECT_EQ(settings->compression.smallest_body_bytes, 10'240u);
  f.config(
      "[default]\nrequest_checksum_calculation = when_required\nresponse_checksum_validation = WHEN_REQUIRED\n"
      "request_min_compression_size_bytes = 0\ndisable_request_compression = true\n");
  settings = load_settings(env, f.world.disk);
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings->request_checksums, ChecksumUse::when_required);
  EXPECT_EQ(settings->response_checksums, ChecksumUse::when_required);
  EXPECT_EQ(settings->compression.smallest_body_bytes, 0u);
  EXPECT_TRUE(settings->compression.disabled);
  env.variables = {{"AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported"},
                   {"AWS_DISABLE_REQUEST_COMPRESSION", "false"}};
  settings = load_settings(env, f.world.disk);
  EXPECT_EQ(settings->request_checksums, ChecksumUse::when_supported);
  EXPECT_FALSE(settings->compression.disabled);
  env.variables = {{"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "10485761"}};
  EXPECT_EQ(load_settings(env, f.world.disk).error().code, Code::invalid_input);
  env.variables = {{"AWS_REQUEST_CHECKSUM_CALCULATION", "always"}};
  EXPECT_EQ(load_settings(env, f.world.disk).error().code, Code::invalid_input);
}

TEST(Settings, AProfileThatDoesNotExistIsAnErrorWithTheNames) {
  Fixture f;
  f.config("[profile prod]\n[profile test]\n");
  const auto settings = load_settings(f.world.environment, f.world.disk, {.profile = "prd"});
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, Code::invalid_input);
  EXPECT_EQ(settings.error().hint, "there are: prod, test");
}

TEST(Settings, ABrokenFileSaysWhere) {
  Fixture f;
  f.config("[default]\nregion = x\nbroken\n");
  const auto settings = load_settings(f.world.environment, f.world.disk);
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().resource, "/home/reeve/.aws/config:3");
}

TEST(Settings, ServiceNamesOfSeveralWords) {
  Fixture f;
  f.config("[default]\nservices = s\n[services s]\nauto_scaling =\n  endpoint_url = http://localhost:1\n");
  auto settings = load_settings(f.world.environment, f.world.disk);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->endpoint_url_for(f.world.environment, "Auto Scaling"), "http://localhost:1");
  EXPECT_EQ(settings->endpoint_url_for(f.world.environment, "EC2"), "");
  f.world.environment.variables["AWS_ENDPOINT_URL_AUTO_SCALING"] = "http://localhost:2";
  EXPECT_EQ(settings->endpoint_url_for(f.world.environment, "Auto Scaling"), "http://localhost:2");
}

}  // namespace
}  // namespace reeve::aws
