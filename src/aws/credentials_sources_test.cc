// How each source fails: denied, without an answer, with what does not parse, with what has ended. No message shows a
// secret.
#include <gtest/gtest.h>

#include "aws/credentials_fakes.h"
#include "base/encoding.h"

namespace reeve::aws {
namespace {

constexpr const char* secret = "TOPSECRET";

Result<HttpResponse> says(int status, std::string body = {}) {
  return HttpResponse{.status = status, .headers = {}, .body = std::move(body)};
}

struct Sources : testing::Test, CredentialFixture {
  void set(std::map<std::string, std::string> variables) {
    for (auto& [name, value] : variables) world.environment.variables[name] = value;
  }
  /// The error's whole text, which never has the secret.
  std::string failure() {
    const auto got = get();
    EXPECT_FALSE(got) << got->source;
    if (got) return {};
    EXPECT_EQ(got.error().code, Code::credentials);
    EXPECT_EQ(got.error().text().find(secret), std::string::npos) << got.error().text();
    return got.error().text();
  }
  void expect(const std::string& part) {
    const std::string text = failure();
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
  }
  /// A login to IAM Identity Center that ends after `left`.
  void sso_login(Duration left, bool renewable) {
    config(
        "[profile p]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n"
        "[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n");
    overrides.profile = "p";
    std::string more;
    if (renewable) {
      more = R"("refreshToken": "old", "clientId": "c", "clientSecret": "TOPSECRET", "other": 1,
                "registrationExpiresAt": "2030-01-01T00:00:00Z", )";
    }
    write(sso_cache(), "{" + more + R"("accessToken": "TOPSECRET", "expiresAt": ")" +
                           format_iso8601(world.clock.wall() + left) + "\"}");
  }
  std::string sso_cache() const { return "/home/reeve/.aws/sso/cache/" + sha1_hex("s") + ".json"; }
};

TEST_F(Sources, NothingIsThereSaysWhatWasTriedALineEach) {
  const std::string text = failure();
  for (const char* line :
       {"\n  environment: AWS_ACCESS_KEY_ID is not set\n", "\n  web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set\n",
        "\n  profile default (", "\n  container: No environment variables",
        "\n  instance metadata: http://169.254.169.254"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " is not in: " << text;
  }
  set({{"AWS_EC2_METADATA_DISABLED", "true"}});
  const std::size_t asked = network.seen.size();
  expect("instance metadata: AWS_EC2_METADATA_DISABLED is true");
  EXPECT_EQ(network.seen.size(), asked);
}

TEST_F(Sources, WebIdentityComesBeforeKeysOfAProfileAndAfterItsRole) {
  keys("[default]\naws_access_key_id = file\naws_secret_access_key = s\n");
  write("/tmp/token", "TOPSECRET\n");
  set({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/tmp/token"}, {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/web"}});
  ASSERT_EQ(get()->access_key_id, "ASIA1");
  EXPECT_EQ(called[0].request.operation, "AssumeRoleWithWebIdentity");
  EXPECT_EQ(called[0].request.params["WebIdentityToken"].as_text(), secret) << "without the line's end";
  EXPECT_EQ(called[0].base.access_key_id, "");
  config("[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = default\n");
  ASSERT_TRUE(get());
  EXPECT_EQ(called.back().request.operation, "AssumeRole");
  overrides.profile = "default";
  config("");
  EXPECT_EQ(get()->access_key_id, "file") << "--profile was meant";
}

TEST_F(Sources, WebIdentityFails) {
  set({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/tmp/none"}, {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/web"}});
  expect("/tmp/none");
  write("/tmp/none", secret);
  CredentialFixture::answer = [](const Request&, const Credentials&) {
    return refused(Code::request_refused, "InvalidIdentityToken");
  };
  expect("role/web");
  CredentialFixture::answer = [](const Request&, const Credentials&) { return ok(R"({"Credentials": {}})"); };
  expect("holds no keys");
  set({{"AWS_ROLE_ARN", ""}});
  expect("AWS_ROLE_ARN");
}

TEST_F(Sources, ContainerFails) {
  set({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:1/c"}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN", secret}});
  expect("no route");
  EXPECT_EQ(network.seen.size(), 3u) << "as often as botocore asks";
  const std::pair<Result<HttpResponse>, const char*> answers[] = {
      {says(403, R"({"code": "AccessDenied", "message": "not you"})"), "status 403, AccessDenied: not you"},
      {says(500, "TOPSECRET"), "status 500"},
      {says(200, "TOPSECRET"), "no JSON"},
      {says(200, R"({"SecretAccessKey": "TOPSECRET"})"), "AccessKeyId or SecretAccessKey is missing"},
      {says(200, R"({"AccessKeyId": "A", "SecretAccessKey": "TOPSECRET", "Expiration": "soon"})"), "Expiration"}};
  for (const auto& [given, part] : answers) {
    network.answer = [given](const HttpRequest&) { return given; };
    expect(part);
  }
  const std::pair<std::string, std::string> authorization("Authorization", secret);
  EXPECT_EQ(network.seen.back().headers.at(1), authorization);
  set({{"AWS_CONTAINER_AUTHORIZATION_TOKEN", "TOPSECRET\r\nX: y"}});
  expect("more than one line");
  set({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/c"}});
  const std::size_t asked = network.seen.size();
  expect("may not be asked without TLS");
  EXPECT_EQ(network.seen.size(), asked) << "nobody else gets the token";
}

TEST_F(Sources, InstanceMetadataFails) {
  std::string credentials = "TOPSECRET", role = "r\n";
  int token_status = 200, role_status = 200;
  network.answer = [&](const HttpRequest& request) {
    if (request.method == "PUT") return says(token_status, "t");
    return request.target.ends_with('/') ? says(role_status, role) : says(200, credentials);
  };
  expect("no JSON");
  credentials = R"({"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"})";
  expect("EC2 cannot assume the role");
  role = "../../x";
  expect("the name of a role");
  role_status = 404;
  expect("has no role");
  token_status = 403;
  expect("IMDS is disabled");
  token_status = 404;
  role_status = 200, role = "r";
  credentials = R"({"Code": "Success", "AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T"})";
  EXPECT_EQ(get()->access_key_id, "A") << "the older version";
  set({{"AWS_EC2_METADATA_V1_DISABLED", "true"}});
  expect("AWS_EC2_METADATA_V1_DISABLED");
}

TEST_F(Sources, WhatInstanceMetadataGivesAfterItsEndIsUsedForAWhile) {
  network.answer = [](const HttpRequest& request) {
    return request.target.ends_with("/r") ? says(200, R"({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T",
                                 "Expiration": "2020-01-01T00:00:00Z"})")
                                          : says(200, "r");
  };
  const auto from = source();
  ASSERT_TRUE(get(*from));
  EXPECT_EQ(*get(*from)->expiration, world.clock.wall() + std::chrono::minutes(10));
}

TEST_F(Sources, ALoginThatHasEndedSaysHowToLogIn) {
  sso_login(-std::chrono::minutes(1), false);
  expect("Log in: aws sso login --profile p");
  EXPECT_TRUE(called.empty());
  ASSERT_TRUE(world.disk.remove(sso_cache()));
  expect("Log in: aws sso login --profile p");
  write(sso_cache(), "TOPSECRET");
  expect("no JSON");
  write(sso_cache(), R"({"accessToken": "TOPSECRET"})");
  expect("holds no token");
}

TEST_F(Sources, ALoginIsRenewedOnceAndKept) {
  sso_login(-std::chrono::minutes(1), true);
  CredentialFixture::answer = [](const Request& request, const Credentials&) {
    if (request.service == "sso-oidc")
      return ok(R"({"accessToken": "fresh", "expiresIn": 3600, "refreshToken": "next"})");
    return ok(R"({"roleCredentials": {"accessKeyId": "A", "secretAccessKey": "S", "sessionToken": "T",
                  "expiration": 1798761600000}})");
  };
  ASSERT_TRUE(get());
  ASSERT_EQ(called.size(), 2u);
  EXPECT_EQ(called[0].request.params["refreshToken"].as_text(), "old");
  EXPECT_EQ(called[1].request.params["accessToken"].as_text(), "fresh");
  const auto kept = parse_json(*world.disk.read_file(sso_cache(), 1 << 16));
  ASSERT_TRUE(kept);
  EXPECT_EQ((*kept)["refreshToken"].as_text(), "next");
  EXPECT_EQ((*kept)["other"].as_integer(), 1);
  EXPECT_EQ(get()->account_id, "123456789012");
  EXPECT_EQ(called.size(), 3u) << "the kept one is good";
}

TEST_F(Sources, SsoRefuses) {
  sso_login(std::chrono::hours(1), false);
  CredentialFixture::answer = [](const Request&, const Credentials&) {
    return refused(Code::access_denied, "UnauthorizedException", 401);
  };
  expect("Log in: aws sso login --profile p");
  CredentialFixture::answer = [](const Request&, const Credentials&) {
    return refused(Code::access_denied, "ForbiddenException", 403);
  };
  EXPECT_EQ(failure().find("aws sso login"), std::string::npos) << "another login would not help";
  CredentialFixture::answer = [](const Request&, const Credentials&) { return ok("{}"); };
  expect("holds no keys");
}

TEST_F(Sources, AOneTimeCodeIsAskedForOnceAndOnlyOnATerminal) {
  config(
      "[profile top]\nrole_arn = arn:aws:iam::123456789012:role/top\nsource_profile = m\n"
      "[profile m]\nrole_arn = arn:aws:iam::123456789012:role/m\nsource_profile = m\nmfa_serial = arn:mfa\n"
      "aws_access_key_id = a\naws_secret_access_key = TOPSECRET\n");
  overrides.profile = "m";
  expect("there is no terminal to ask on");
  int asked = 0;
  options.ask_code = [&](const std::string& device) -> std::optional<std::string> {
    EXPECT_EQ(device, "arn:mfa");
    return ++asked == 1 ? "12345" : "123456\n";
  };
  expect("six digits");
  EXPECT_TRUE(called.empty());
  ASSERT_TRUE(get());
  EXPECT_EQ(called.at(0).request.params["TokenCode"].as_text(), "123456");
  EXPECT_EQ(called[0].request.params["SerialNumber"].as_text(), "arn:mfa");
}

TEST_F(Sources, RolesOnTheWayAreKept) {
  config(
      "[profile top]\nrole_arn = arn:aws:iam::123456789012:role/top\nsource_profile = m\nduration_seconds = 900\n"
      "[profile m]\nrole_arn = arn:aws:iam::123456789012:role/m\nsource_profile = b\n"
      "[profile b]\naws_access_key_id = a\naws_secret_access_key = s\n");
  overrides.profile = "top";
  const auto from = source();
  ASSERT_TRUE(get(*from));
  EXPECT_EQ(called.size(), 2u);
  session = std::chrono::minutes(15);
  world.clock.advance(std::chrono::minutes(51));
  ASSERT_TRUE(get(*from));
  EXPECT_EQ(called.size(), 4u) << "both end within ten minutes";
  session = std::chrono::hours(1);
  world.clock.advance(std::chrono::minutes(14));
  ASSERT_TRUE(get(*from));
  world.clock.advance(std::chrono::minutes(30));
  const auto held = get(*from);
  from->invalidate(*held);
  const std::size_t before = called.size();
  ASSERT_TRUE(get(*from));
  EXPECT_EQ(called.size(), before + 2) << "what AWS refused may rest on any of them";
}

TEST_F(Sources, WhileOneRenewsTheOthersGoOnWithTheOldOnes) {
  config(
      "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = default\n"
      "aws_access_key_id = a\naws_secret_access_key = s\n");
  const auto from = source();
  ASSERT_EQ(get(*from)->access_key_id, "ASIA1");
  auto both = [&] {
    std::vector<Task<Result<Credentials>>> gets;
    gets.push_back(from->get());
    gets.push_back(from->get());
    const auto got = world.loop.run(all(world.loop, std::move(gets)));
    return got[0]->access_key_id + " " + got[1]->access_key_id;
  };
  world.clock.advance(std::chrono::minutes(52));
  EXPECT_EQ(both(), "ASIA2 ASIA1");
  world.clock.advance(std::chrono::minutes(59) + std::chrono::seconds(30));
  EXPECT_EQ(both(), "ASIA3 ASIA3") << "within the last minute all wait";
}

TEST_F(Sources, SessionsOfARoleAsTheProfileSays) {
  write("/tmp/policy.json", R"({"Version": "2012-10-17"})");
  config(
      "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Environment\n"
      "source_identity = alice\nsession_policy = file:///tmp/policy.json\nsession_policy_arns = arn:a, arn:b\n"
      "session_tags = team = payments, stage=prod\n");
  set({{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", secret}});
  overrides.profile = "default";
  ASSERT_TRUE(get());
  EXPECT_EQ(to_json(called.at(0).request.params),
            R"({"RoleArn":"arn:aws:iam::123456789012:role/r","RoleSessionName":"reeve-r1","SourceIdentity":"alice",)"
            R"("Policy":"{\"Version\": \"2012-10-17\"}","PolicyArns":[{"arn":"arn:a"},{"arn":"arn:b"}],)"
            R"("Tags":[{"Key":"team","Value":"payments"},{"Key":"stage","Value":"prod"}]})");
  config("[default]\nrole_arn = arn\ncredential_source = Environment\nsession_tags = team\n");
  expect("session_tags");
  config("[default]\nrole_arn = arn\ncredential_source = Environment\nsession_policy = {\n");
  expect("session_policy is no JSON");
  config("[default]\nrole_arn = arn\ncredential_source = Elsewhere\n");
  expect("Elsewhere, which does not exist");
}

TEST_F(Sources, UnknownValuesOfSettingsAreErrors) {
  const std::pair<const char*, const char*> wrong[] = {{"AWS_USE_FIPS_ENDPOINT", "yes"},
                                                       {"AWS_USE_DUALSTACK_ENDPOINT", "1"},
                                                       {"AWS_RETRY_MODE", "often"},
                                                       {"AWS_MAX_ATTEMPTS", "0"},
                                                       {"AWS_MAX_ATTEMPTS", "3x"},
                                                       {"AWS_ACCOUNT_ID_ENDPOINT_MODE", "always"},
                                                       {"AWS_EC2_METADATA_DISABLED", "off"},
                                                       {"AWS_METADATA_SERVICE_TIMEOUT", "1000"},
                                                       {"AWS_EC2_METADATA_V1_DISABLED", "no"}};
  for (const auto& [name, value] : wrong) {
    world.environment.variables = {{name, value}};
    const auto settings = load_settings(world.environment, world.disk);
    ASSERT_FALSE(settings) << name;
    EXPECT_EQ(settings.error().code, Code::invalid_input);
    EXPECT_NE(settings.error().message.find(std::string(name) + " is \"" + value), std::string::npos)
        << settings.error().message;
  }
  config("[default]\nretry_mode = Adaptive\nmax_attempts = 7\nsigv4a_signing_region_set = us-east-1, eu-west-1\n");
  world.environment.variables = {{"AWS_DEFAULTS_MODE", "auto"}, {"AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled"}};
  const auto settings = load_settings(world.environment, world.disk);
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings->retry.mode, RetryMode::adaptive);
  EXPECT_EQ(settings->retry.attempts_most, 7);
  EXPECT_EQ(settings->account_id_endpoint_mode, AccountIdEndpointMode::disabled);
  EXPECT_EQ(settings->sigv4a_signing_region_set, (std::vector<std::string>{"us-east-1", "eu-west-1"}));
  config("[default]\nretry_mode = sometimes\n");
  EXPECT_NE(load_settings(world.environment, world.disk).error().message.find("retry_mode of profile default"),
            std::string::npos);
}

}  // namespace
}  // namespace reeve::aws
