// Shared config and credentials files against the outside suites of REEVE_SHARED/conformance/config.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "aws/credentials_chain.h"
#include "aws/settings.h"
#include "base/sim_seams.h"
#include "config_suite.h"

namespace reeve::aws {
namespace {

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
  run_cases("profile-parser", document["tests"], "name", [](const Value& c) -> std::string {
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
    run_cases("config-files", document[part], "name", [](const Value& c) -> std::string {
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
  run_cases("file-location", document["tests"], "name", [](const Value& c) -> std::string {
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
  run_cases("assume-role", document.root(), "docs", [](const Value& c) -> std::string {
    Profiles profiles;
    for (const auto [name, properties] : c["input"]["profiles"].entries()) {
      auto& section = profiles.profiles[std::string(name)];
      for (const auto [key, value] : properties.entries()) section[std::string(key)] = value.as_string();
    }
    for (const auto [name, properties] : c["input"]["sso_sessions"].entries()) {
      auto& section = profiles.sso_sessions[std::string(name)];
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
      const Value sso = base["Sso"];
      const bool same = chain->base == Base::sso && chain->sso_session == sso["sso_session"].as_text() &&
                        chain->sso_region == sso["sso_region"].as_text() &&
                        chain->sso_start_url == sso["sso_start_url"].as_text() &&
                        chain->sso_account_id == sso["sso_account_id"].as_text() &&
                        chain->sso_role_name == sso["sso_role_name"].as_text();
      if (!same) return "another SSO";
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
  run_cases("endpoint-url", all["endpointUrlTests"], "name", [&](const Value& c) -> std::string {
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

// Nothing stands in the list that is in no suite.
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
    }
  }
  for (const auto& [id, reason] : skipped) {
    EXPECT_TRUE(ids.contains(id) || ids.contains(id.substr(0, id.rfind('#')))) << id << " is in no suite";
    EXPECT_NE(reason, "") << id;
  }
}

}  // namespace
}  // namespace reeve::aws
