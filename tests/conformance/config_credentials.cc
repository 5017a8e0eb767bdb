// Where credentials come from, against the outside suites of REEVE_SHARED/conformance/config: recorded conversations
// are replayed below the real door, so requests are compared as they go on the wire.
#include <gtest/gtest.h>

#include "aws/credentials_chain.h"
#include "aws/credentials_http.h"
#include "aws/credentials_source.h"
#include "aws/credentials_sso.h"
#include "aws/live.h"
#include "aws/settings.h"
#include "aws/trace_header.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/sim_seams.h"
#include "config_suite.h"

namespace reeve::aws {
namespace {

/// A simulated world whose network answers what was recorded, and says what was asked otherwise.
struct Replay : Http {
  explicit Replay(Value recorded) : traffic(recorded) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Steady, Cancel) override {
    if (at >= traffic.size()) {
      ++at;
      co_return fail(Code::network, "nothing more was recorded");
    }
    const Value exchange = traffic[at++];
    if (wrong.empty()) wrong = differs(exchange, request);
    HttpResponse out{.status = static_cast<int>(exchange["response"]["status"].as_integer()),
                     .headers = {{"Content-Type", "text/xml"}},
                     .body = exchange["response_body"].as_string()};
    out.body.reserve(out.body.size() + 64);
    std::fill_n(out.body.data() + out.body.size(), 64, '\0');
    co_return out;
  }

  /// The recordings were made anonymous afterwards: keys, role ARNs of tokens and session names are not those of the
  /// files. Compared is the rest: where it goes, the operation, what IMDS, ECS and SSO want to see.
  static std::string differs(Value exchange, const HttpRequest& request) {
    const Value asked = exchange["request"];
    if (asked["method"].as_text() != request.method) return "method " + request.method;
    std::string url = request.scheme + "://" + request.host + request.target, expected = asked["uri"].as_string();
    for (std::string* each : {&url, &expected}) {
      if (each->ends_with('/')) each->pop_back();
    }
    if (sorted_query(url) != sorted_query(expected)) return "URL " + url;
    for (const auto [name, values] : asked["headers"].entries()) {
      const bool told = name == "accept" || name == "x-aws-ec2-metadata-token" || name == "x-amz-sso_bearer_token" ||
                        name == "x-aws-ec2-metadata-token-ttl-seconds";
      if (told && header(request, name) != values[std::size_t{0}].as_text()) return "header " + std::string(name);
    }
    const std::string body = exchange["request_body"].as_string();
    const bool role = body.starts_with("Action=AssumeRole&");
    for (const char* part : {"Action=", "RoleArn="}) {
      if (part[0] == 'R' && !role) continue;  // tokens were recorded for another role
      const std::string want = field(body, part);
      if (want != field(request.body, part)) return part + field(request.body, part);
    }
    return "";
  }
  static std::string_view header(const HttpRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
      const bool same = std::ranges::equal(key, name, [](char a, char b) { return (a | 32) == (b | 32); });
      if (same) return value;
    }
    return {};
  }
  static std::string field(const std::string& form, const std::string& name) {
    const auto at = form.find(name);
    return at == std::string::npos ? "" : form.substr(at, form.find('&', at) - at);
  }
  static std::string sorted_query(const std::string& url) {
    const auto mark = url.find('?');
    if (mark == std::string::npos) return url;
    std::set<std::string> parts;
    for (std::size_t at = mark + 1; at < url.size();) {
      const auto end = std::min(url.find('&', at), url.size());
      parts.insert(url.substr(at, end - at));
      at = end + 1;
    }
    std::string out = url.substr(0, mark);
    for (const auto& part : parts) out += "&" + part;
    return out;
  }

  Value traffic;
  std::size_t at = 0;
  std::string wrong;
};

/// What "echo TEXT | base64 --decode" and "echo 'TEXT'" print: the suite's processes, without running any.
Process::Output shell(const std::string& command) {
  if (!command.starts_with("echo ")) return {.exit_code = 1, .out = {}, .error = {}};
  const std::string text = command.substr(5, command.find(" |") - 5);
  return {.exit_code = 0, .out = command.ends_with("base64 --decode") ? decode_base64(text).value_or("") : text};
}

struct Machine {
  SimWorld world;
  Models& models;
  Http& http;
  World seams{world.clock, world.random, world.disk, http, world.process, world.environment, world.workers, world.loop};
  Machine(Models& m, Http& h, Value environment, Value files) : models(m), http(h) {
    for (const auto [name, value] : environment.entries()) {
      world.environment.variables.emplace(name, value.as_string());
      if (name == "HOME") world.environment.home_folder = value.as_string();
    }
    for (const auto [path, text] : files.entries()) write(std::string(path), text.as_string());
  }
  void write(const std::string& file, const std::string& text) {
    EXPECT_TRUE(world.disk.make_folders(file.substr(0, std::max<std::size_t>(file.rfind('/') + 1, 1))));
    EXPECT_TRUE(world.disk.write_file(file, text));
    const auto at = text.find("\ncredential_process = ");
    if (at == std::string::npos) return;
    const std::string command = text.substr(at + 22, text.find('\n', at + 22) - at - 22);
    world.process.on(command, shell(command));
  }
  void set_wall(std::int64_t epoch_s) {
    world.clock.set_skew(world.clock.true_time().us == 0 ? Duration(0)
                                                         : Time{epoch_s * 1'000'000} - world.clock.true_time());
  }
};

/// The token of an SSO session, for the suite's chain of tokens.
std::string token_differs(Machine& machine, const Settings& settings, Value expected) {
  const auto chain = resolve_chain(settings.profiles, settings.profile);
  if (!chain) return chain.error().text();
  const CredentialOptions options;
  const auto got = machine.world.loop.run(sso_token({machine.seams, settings, options}, *chain));
  if (!got) return got.error().text();
  if (got->access_token != expected["token"].as_text()) return "token " + got->access_token;
  return format_iso8601(got->expires) == expected["expiration"].as_text() ? "" : "another time";
}

// Error texts are each SDK's own: failing is enough.
TEST(Config, CredentialChains) {
  const auto document = suite_file("config/credential-chains.json");
  if (document.root().is_null()) return;
  Models models;
  run_cases("chains", document.root(), "name", [&](const Value& c) -> std::string {
    Replay http(c["traffic"]);
    Machine machine(models, http, c["env"], c["fs"]);
    const Value expected = c["case"]["result"]["Ok"];
    const std::int64_t expires = expected["expiry"].as_integer();
    if (expires > 0) machine.set_wall(expires - 3600);  // they were recorded then
    SettingsOverrides overrides;                        // the profile alone is what --profile asks for
    if (c["chain"].as_text() == "profile-provider") overrides.profile = "default";
    auto settings = load_settings(machine.world.environment, machine.world.disk, overrides);
    if (!settings) return expected.is_null() ? "" : settings.error().text();
    if (c["chain"].as_text() == "default-token-provider-chain") return token_differs(machine, *settings, expected);
    const CredentialOptions options{.door = credential_door(machine.seams, models, *settings, "1", "")};
    const auto source = make_credentials(machine.seams, *settings, options);
    const auto got = machine.world.loop.run(source->get());
    if (!http.wrong.empty()) return http.wrong;
    if (expected.is_null()) return got ? "no error" : "";
    if (!got) return got.error().text();
    if (http.at != c["traffic"].size()) return "another number of calls";
    if (got->access_key_id != expected["access_key_id"].as_text()) return "key id " + got->access_key_id;
    if (got->secret_access_key != expected["secret_access_key"].as_text()) return "secret";
    if (got->session_token != expected["session_token"].as_text()) return "token";
    if (got->account_id != expected["account_id"].as_text()) return "account " + got->account_id;
    const std::int64_t expiry = got->expiration ? got->expiration->us / 1'000'000 : 0;
    return expiry == expires ? "" : "expiry " + std::to_string(expiry);
  });
}

TEST(Config, ContainerUrls) {
  const auto document = suite_file("config/ecs-tests.json");
  if (document.root().is_null()) return;
  run_cases("ecs", document["tests"], "docs", [](const Value& c) -> std::string {
    MapEnvironment environment;
    for (const auto [name, value] : c["env"].entries()) environment.variables.emplace(name, value.as_string());
    const auto got = container_url(environment);
    const Value expected = c["result"];
    if (const auto error = expected.find("ErrorContains")) {
      if (got) return "no error";
      return got.error().message.find(error->as_text()) == std::string::npos ? got.error().message : "";
    }
    if (!got) return got.error().text();
    return *got == expected["Ok"].as_text() ? "" : *got;
  });
}

TEST(Config, InstanceMetadataUrls) {
  const auto document = suite_file("config/imds-endpoint-tests.json");
  if (document.root().is_null()) return;
  Models models;
  run_cases("imds", document["tests"], "docs", [&](const Value& c) -> std::string {
    NoHttp http;
    Machine machine(models, http, c["env"], {});
    for (const auto [path, text] : c["fs"].entries()) {
      const std::string file = "/tmp/" + std::string(path);
      machine.write(file, text.as_string());
      machine.world.environment.variables["AWS_CONFIG_FILE"] = file;
    }
    const auto settings = load_settings(machine.world.environment, machine.world.disk,
                                        {.metadata_endpoint = c["endpoint_override"].as_string(),
                                         .metadata_endpoint_mode = c["mode_override"].as_string()});
    if (!settings) return settings.error().text();
    const auto got = instance_metadata_url(*settings);
    if (const auto error = c["result"].find("Err")) {
      if (got) return "no error";
      const bool own_text = error->as_text() == "invalid uri character";  // another library's words
      return own_text || got.error().message.find(error->as_text()) != std::string::npos ? "" : got.error().message;
    }
    if (!got) return got.error().text();
    return *got + "/latest/api/token" == c["result"]["Ok"].as_text() ? "" : *got;
  });
}

/// Sign-in, as far as the suite's calls tell.
struct SignIn : Http {
  explicit SignIn(Value calls) : recorded(calls) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Steady, Cancel) override {
    const Value call = recorded[asked++];
    const auto body = parse_json(request.body);
    if (!body || body->root() != call["request"]["tokenInput"] || request.target != "/v1/token") {
      co_return fail(Code::network, "another request was recorded");
    }
    if (request.host != "us-east-1.signin.aws.amazon.com") co_return fail(Code::network, "host " + request.host);
    if (Replay::header(request, "DPoP").empty()) co_return fail(Code::network, "no proof");
    const Value code = call["responseCode"];
    HttpResponse out{.status = code.is_null() ? 200 : static_cast<int>(code.as_integer()),
                     .headers = {{"Content-Type", "application/json"}},
                     .body = code.is_null() ? to_json(call["response"]["tokenOutput"]) : "{}"};
    out.body.reserve(out.body.size() + 64);
    std::fill_n(out.body.data() + out.body.size(), 64, '\0');
    co_return out;
  }
  Value recorded;
  std::size_t asked = 0;
};

TEST(Config, LoginSessions) {
  const auto document = suite_file("config/login-provider-test-cases.json");
  if (document.root().is_null()) return;
  Models models;
  run_cases("login", document.root(), "documentation", [&](const Value& c) -> std::string {
    SignIn http(c["mockApiCalls"]);
    Machine machine(models, http, {}, {});
    const std::string folder = "/home/reeve/.aws/login/cache/";
    machine.write("/home/reeve/.aws/config", c["configContents"].as_string());
    for (const auto [name, content] : c["cacheContents"].entries())
      machine.write(folder + std::string(name), to_json(content));
    machine.set_wall(1'763'510'400);  // 2025-11-19T00:00:00Z, as the suite's new tokens want
    const auto settings =
        load_settings(machine.world.environment, machine.world.disk, {.profile = "signin", .region = "us-east-1"});
    if (!settings) return settings.error().text();
    const CredentialOptions options{.door = credential_door(machine.seams, models, *settings, "1", "")};
    const auto source = make_credentials(machine.seams, *settings, options);
    const auto got = machine.world.loop.run(source->get());
    if (http.asked != c["mockApiCalls"].size()) return "another number of calls";
    for (const Value outcome : c["outcomes"].items()) {
      if (outcome["result"].as_text() == "error") return got ? "no error" : "";
      if (!got) return got.error().text();
      if (outcome["result"].as_text() == "credentials") {
        const bool same = got->access_key_id == outcome["accessKeyId"].as_text() &&
                          got->secret_access_key == outcome["secretAccessKey"].as_text() &&
                          got->session_token == outcome["sessionToken"].as_text() &&
                          got->account_id == outcome["accountId"].as_text() &&
                          format_iso8601(*got->expiration) == outcome["expiresAt"].as_text();
        if (!same) return "other credentials";
        continue;
      }
      for (const auto [name, content] : outcome.entries()) {
        if (name == "result") continue;
        const auto kept = machine.world.disk.read_file(folder + std::string(name), 1 << 20);
        const auto cache = kept ? parse_json(*kept) : Result<Document>(fail(kept.error()));
        if (!cache || cache->root() != content) return "another cache";
      }
    }
    return "";
  });
}

TEST(Config, TraceHeaders) {
  const auto document = suite_file("config/recursion-detection.json");
  if (document.root().is_null()) return;
  run_cases("recursion", document.root(), "none", [](const Value& c) -> std::string {
    MapEnvironment environment;
    for (const auto [name, value] : c["env"].entries()) environment.variables.emplace(name, value.as_string());
    HttpRequest request;
    auto split = [](std::string_view line) {
      const auto colon = line.find(": ");
      return std::pair(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
    };
    for (const Value line : c["requestHeadersBefore"].items()) request.headers.push_back(split(line.as_text()));
    add_trace_header(environment, request);
    std::vector<std::pair<std::string, std::string>> expected;
    for (const Value line : c["requestHeadersAfter"].items()) expected.push_back(split(line.as_text()));
    return request.headers == expected ? "" : "other headers";
  });
}

}  // namespace
}  // namespace reeve::aws
