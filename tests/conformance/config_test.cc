// Shared config and credentials files against the outside suites of REEVE_SHARED/conformance/config.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <set>

#include "aws/credentials_chain.h"
#include "aws/credentials_source.h"
#include "aws/settings.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/sim_seams.h"
#include "suite_files.h"

namespace reeve::aws {
namespace {

/// Runs a suite's cases: `passes(case)` gives an empty text or what is wrong.
void run(const std::string& name, Value cases, std::string_view id_key,
         const std::function<std::string(const Value&)>& passes) {
  const auto skipped = suite_skips("config_skips.tsv");
  std::map<std::string, int> seen;
  int ran = 0, left_out = 0;
  for (const Value c : cases.items()) {
    std::string id = name + ":" + c[id_key].as_string();
    if (const int again = ++seen[id]; again > 1) id += "#" + std::to_string(again);
    const std::string wrong = passes(c);
    if (skipped.contains(id)) {
      EXPECT_NE(wrong, "") << id << " is listed as skipped, but it passes";
      ++left_out;
      continue;
    }
    EXPECT_EQ(wrong, "") << id;
    ++ran;
  }
  std::cout << name << ": " << ran << " run, " << left_out << " skipped\n";
}

/// A section of sub-properties as a map of one section.
Document nested(Value properties) {
  Builder b;
  b.begin_map();
  b.put("nested", properties);
  b.end();
  return b.finish();
}

std::string compare(const std::map<std::string, Properties>& got, Value expected) {
  if (got.size() != expected.size()) return "another number of sections";
  for (const auto [name, properties] : expected.entries()) {
    const auto section = got.find(std::string(name));
    if (section == got.end()) return "no section " + std::string(name);
    if (section->second.size() != properties.size()) return "another number of properties in " + std::string(name);
    for (const auto [key, value] : properties.entries()) {
      const auto property = section->second.find(std::string(key));
      if (property == section->second.end()) return "no property " + std::string(key);
      if (value.is_map()) {
        const std::string wrong = compare({{"nested", sub_properties(property->second)}}, nested(value));
        if (!wrong.empty()) return wrong;
      } else if (property->second != value.as_text()) {
        return "another value of " + std::string(key);
      }
    }
  }
  return "";
}

TEST(Config, ProfileParser) {
  const auto document = suite_file("config/profile-parser-tests.json");
  if (document.root().is_null()) return;
  run("profile-parser", document["tests"], "name", [](const Value& c) -> std::string {
    auto config = parse_config_file(c["input"]["configFile"].as_text(), ConfigFileKind::config, "config");
    const auto credentials =
        parse_config_file(c["input"]["credentialsFile"].as_text(), ConfigFileKind::credentials, "credentials");
    const Value expected_error = c["output"]["errorContaining"];
    if (!config || !credentials) {
      const Error& error = config ? credentials.error() : config.error();
      if (expected_error.is_null()) return error.text();
      return error.message.find(expected_error.as_text()) == std::string::npos ? error.message : "";
    }
    if (!expected_error.is_null()) return "no error";
    merge(*config, *credentials);
    const Value expected = c["output"]["config"];
    const std::string wrong = compare(config->profiles, expected["profiles"]);
    return wrong.empty() && !expected["sso_sessions"].is_null()
               ? compare(config->sso_sessions, expected["sso_sessions"])
               : wrong;
  });
}

// What botocore makes of the same files; where the SDKs' common rules say otherwise, those are taken.
TEST(Config, ConfigFiles) {
  const auto document = suite_file("config/config-files.json");
  if (document.root().is_null()) return;
  for (const char* part : {"files", "own"}) {
    run("config-files", document[part], "name", [](const Value& c) -> std::string {
      const auto got = parse_config_file(c["text"].as_text(), ConfigFileKind::config, "config");
      const Value expected = c["expected"];
      if (expected.is_null()) return got ? "no error" : "";
      if (!got) return got.error().text();
      for (const auto& [ours, theirs] :
           {std::pair(&got->profiles, "profiles"), std::pair(&got->sso_sessions, "sso_sessions"),
            std::pair(&got->services, "services")}) {
        const std::string wrong = compare(*ours, expected[theirs]);
        if (!wrong.empty()) return wrong;
      }
      return "";
    });
  }
}

TEST(Config, FileLocation) {
  const auto document = suite_file("config/file-location-tests.json");
  if (document.root().is_null()) return;
  run("file-location", document["tests"], "name", [](const Value& c) -> std::string {
    MapEnvironment environment;
    for (const auto [name, value] : c["environment"].entries()) {
      environment.variables.emplace(name, value.as_string());
      if (name == "HOME") environment.home_folder = value.as_string();
    }
    const Settings got = locate_files(environment);
    if (got.config_path != c["configLocation"].as_text()) return got.config_path;
    if (got.credentials_path != c["credentialsLocation"].as_text()) return got.credentials_path;
    return c["profile"].is_null() || got.profile == c["profile"].as_text() ? "" : got.profile;
  });
}

std::string compare_role(const std::string& arn, const std::string& session, const std::string& external,
                         Value expected) {
  if (arn != expected["role_arn"].as_text()) return "role " + arn;
  if (session != expected["role_session_name"].as_text()) return "session " + session;
  return external == expected["external_id"].as_text() ? "" : "external id " + external;
}

TEST(Config, AssumeRoleChains) {
  const auto document = suite_file("config/assume-role-tests.json");
  if (document.root().is_null()) return;
  run("assume-role", document.root(), "docs", [](const Value& c) -> std::string {
    Profiles profiles;
    for (const auto [name, properties] : c["input"]["profiles"].entries()) {
      auto& section = profiles.profiles[std::string(name)];
      for (const auto [key, value] : properties.entries()) section[std::string(key)] = value.as_string();
    }
    const auto chain = resolve_chain(profiles, c["input"]["selected_profile"].as_string());
    if (const Value error = c["output"]["Error"]; !error.is_null()) {
      if (chain) return "no error";
      return chain.error().message.find(error.as_text()) == std::string::npos ? chain.error().message : "";
    }
    if (!chain) return chain.error().text();
    const Value links = c["output"]["ProfileChain"];
    if (links.size() != chain->roles.size() + 1) return "another number of links";
    const Value base = links[0];
    using Base = CredentialChain::Base;
    if (const auto keys = base.find("AccessKey")) {
      const bool same = chain->base == Base::keys && chain->access_key_id == (*keys)["access_key_id"].as_text() &&
                        chain->secret_access_key == (*keys)["secret_access_key"].as_text() &&
                        chain->account_id == (*keys)["account_id"].as_text();
      if (!same) return "other keys";
    } else if (const auto named = base.find("NamedSource")) {
      if (chain->base != Base::named || chain->source != named->as_text()) return "another source";
    } else if (const auto web = base.find("WebIdentityToken")) {
      if (chain->base != Base::web_identity) return "another base";
      if (chain->token_file != (*web)["web_identity_token_file"].as_text()) return "another token file";
      const std::string wrong = compare_role(chain->role_arn, chain->role_session_name, "", *web);
      if (!wrong.empty()) return wrong;
    } else {
      return "a base that is not there yet";
    }
    for (std::size_t i = 0; i < chain->roles.size(); ++i) {
      const ChainRole& role = chain->roles[i];
      const std::string wrong =
          compare_role(role.role_arn, role.role_session_name, role.external_id, links[i + 1]["AssumeRole"]);
      if (!wrong.empty()) return wrong;
    }
    return "";
  });
}

TEST(Config, EndpointUrls) {
  const auto document = suite_file("config/endpoint-url-tests.json");
  if (document.root().is_null()) return;
  const Value all = document["testSuites"][0];
  std::string config;
  for (const auto [name, properties] : all["profiles"].entries()) {
    config += name == "default" ? "[default]\n" : "[profile " + std::string(name) + "]\n";
    for (const auto [key, value] : properties.entries()) config += std::string(key) + " = " + value.as_string() + "\n";
  }
  for (const auto [name, services] : all["services"].entries()) {
    config += "[services " + std::string(name) + "]\n";
    for (const auto [service, properties] : services.entries()) {
      config += std::string(service) + " =\n";
      for (const auto [key, value] : properties.entries()) {
        config += "  " + std::string(key) + " = " + value.as_string() + "\n";
      }
    }
  }
  SimWorld world;
  ASSERT_TRUE(world.disk.make_folders("/home/reeve/.aws"));
  ASSERT_TRUE(world.disk.write_file("/home/reeve/.aws/config", config));
  run("endpoint-url", all["endpointUrlTests"], "name", [&](const Value& c) -> std::string {
    MapEnvironment environment;
    for (const auto [name, value] : all["environments"][c["environment"].as_text()].entries()) {
      environment.variables.emplace(name, value.as_string());
    }
    const Value client = all["client_configs"][c["client_config"].as_text()];
    const auto settings =
        load_settings(environment, world.disk,
                      {.profile = c["profile"].as_string(),
                       .endpoint_url = client["endpoint_url"].as_string(),
                       .ignore_configured_endpoint_urls = client["ignore_configured_endpoint_urls"].as_bool()});
    if (!settings) return settings.error().text();
    const std::string url = settings->endpoint_url_for(environment, c["service"].as_text() == "s3" ? "S3" : "DynamoDB");
    std::string expected = c["output"]["endpointUrl"].as_string();
    if (expected.ends_with(".fake-region-10.amazonaws.com")) expected.clear();  // nobody gave one: the rule sets decide
    return url == expected ? "" : "got " + url;
  });
}

/// The text of an element of an STS answer.
std::string element(std::string_view xml, const std::string& name) {
  const auto from = xml.find("<" + name + ">");
  if (from == std::string_view::npos) return "";
  const auto at = from + name.size() + 2;
  return std::string(xml.substr(at, xml.find("</" + name + ">", at) - at));
}

/// What "echo TEXT | base64 --decode" and "echo 'TEXT'" print: the suite's processes, without running any.
Process::Output shell(const std::string& command) {
  if (!command.starts_with("echo ")) return {.exit_code = 1, .out = {}, .error = {}};
  const std::string text = command.substr(5, command.find(" |") - 5);
  return {.exit_code = 0, .out = command.ends_with("base64 --decode") ? decode_base64(text).value_or("") : text};
}

// Whole chains: the recorded answers stand for sts.AssumeRole. Error texts are each SDK's own: failing is enough.
TEST(Config, CredentialChains) {
  const auto document = suite_file("config/credential-chains.json");
  if (document.root().is_null()) return;
  run("chains", document.root(), "name", [](const Value& c) -> std::string {
    SimWorld world;
    for (const auto [name, value] : c["env"].entries()) {
      world.environment.variables.emplace(name, value.as_string());
      if (name == "HOME") world.environment.home_folder = value.as_string();
    }
    for (const auto [path, text] : c["fs"].entries()) {
      const std::string file(path);
      if (!world.disk.make_folders(file.substr(0, std::max<std::size_t>(file.rfind('/'), 1)))) return "no folder";
      if (!world.disk.write_file(file, text.as_text())) return "no file";
      const auto at = text.as_text().find("\ncredential_process = ");
      if (at == std::string_view::npos) continue;
      const auto from = at + 22;
      const std::string command(text.as_text().substr(from, text.as_text().find('\n', from) - from));
      world.process.on(command, shell(command));
    }
    const Value expected = c["case"]["result"]["Ok"];
    SettingsOverrides overrides;  // the profile alone is what --profile asks for
    if (c["chain"].as_text() == "profile-provider") overrides.profile = "default";
    auto settings = load_settings(world.environment, world.disk, overrides);
    if (!settings) return expected.is_null() ? "" : settings.error().text();
    std::size_t answered = 0;
    CredentialOptions options;
    options.assume_role = [&](AssumeRoleRequest request, Credentials) -> Task<Result<Credentials>> {
      const Value exchange = c["traffic"][answered++];
      const std::string asked = exchange["request_body"].as_string(), body = exchange["response_body"].as_string();
      if (asked.find("RoleArn=" + encode_percent(request.role_arn)) == std::string::npos) {
        co_return fail(Code::internal, "another request was recorded");
      }
      Credentials out{.access_key_id = element(body, "AccessKeyId"),
                      .secret_access_key = element(body, "SecretAccessKey"),
                      .session_token = element(body, "SessionToken")};
      if (out.access_key_id.empty()) co_return fail(Code::server_error, "recorded as failed");
      const auto expiration = parse_iso8601(element(body, "Expiration"));
      if (expiration) out.expiration = *expiration;
      const std::string arn = element(body, "Arn");  // arn:aws:sts::123456789012:assumed-role/…
      if (arn.size() > 25) out.account_id = arn.substr(13, 12);
      co_return out;
    };
    const auto source = make_credentials(world.world, *settings, options);
    const auto got = world.loop.run(source->get());
    if (expected.is_null()) return got ? "no error" : "";
    if (!got) return got.error().text();
    if (answered != c["traffic"].size()) return "another number of calls";
    if (got->access_key_id != expected["access_key_id"].as_text()) return "key id " + got->access_key_id;
    if (got->secret_access_key != expected["secret_access_key"].as_text()) return "secret";
    if (got->session_token != expected["session_token"].as_text()) return "token";
    if (got->account_id != expected["account_id"].as_text()) return "account " + got->account_id;
    const std::int64_t expiry = got->expiration ? got->expiration->us / 1'000'000 : 0;
    return expiry == expected["expiry"].as_integer() ? "" : "expiry " + std::to_string(expiry);
  });
}

// Nothing stands in the list that is in no suite. Suites that are not run yet have all their cases there.
TEST(Config, Ledger) {
  const auto skipped = suite_skips("config_skips.tsv");
  std::set<std::string> ids;
  const std::pair<const char*, const char*> suites[] = {{"profile-parser-tests.json", "profile-parser"},
                                                        {"config-files.json", "config-files"},
                                                        {"file-location-tests.json", "file-location"},
                                                        {"assume-role-tests.json", "assume-role"},
                                                        {"endpoint-url-tests.json", "endpoint-url"},
                                                        {"credential-chains.json", "chains"},
                                                        {"ecs-tests.json", "ecs"},
                                                        {"imds-endpoint-tests.json", "imds"},
                                                        {"login-provider-test-cases.json", "login"},
                                                        {"recursion-detection.json", "recursion"}};
  const std::set<std::string_view> not_run = {"ecs", "imds", "login", "recursion"};
  for (const auto& [file, name] : suites) {
    const auto document = suite_file(std::string("config/") + file);
    if (document.root().is_null()) return;
    std::vector<Value> cases;
    auto take = [&](Value list) {
      for (const Value c : list.items()) cases.push_back(c);
    };
    const Value root = document.root();
    if (root.is_list()) take(root);
    for (const char* key : {"tests", "files", "own"}) take(root[key]);
    take(root["testSuites"][0]["endpointUrlTests"]);
    int nameless = 0;
    for (const Value c : cases) {
      std::string id;
      for (const char* key : {"name", "docs", "documentation"}) {
        if (id.empty()) id = c[key].as_string();
      }
      if (id.empty()) id = "#" + std::to_string(++nameless);
      ids.insert(std::string(name) + ":" + id);
      if (not_run.contains(name)) EXPECT_TRUE(skipped.contains(std::string(name) + ":" + id)) << name << ":" << id;
    }
  }
  for (const auto& [id, reason] : skipped) {
    EXPECT_TRUE(ids.contains(id) || ids.contains(id.substr(0, id.rfind('#')))) << id << " is in no suite";
    EXPECT_NE(reason, "") << id;
  }
}

}  // namespace
}  // namespace reeve::aws
