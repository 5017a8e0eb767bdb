#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "aws/credentials_chain.h"
#include "aws/credentials_source.h"
#include "aws/live_fakes.h"
#include "aws/settings.h"
#include "base/path.h"
#include "base/sim_seams.h"

/// For tests of where credentials come from.
namespace reeve::aws {

/// What came through the door.
struct Called {
  Request request;
  Credentials base;
};

/// The door to STS, SSO and sign-in: answers by a function, 50 ms later.
struct CredentialCalls : Api {
  using Answer = std::function<Result<Response>(const Request&, const Credentials& base)>;
  CredentialCalls(Loop& l, CredentialSource& b, Answer a, std::vector<Called>& c)
      : loop(l), base(b), answer(a), called(c) {}
  Task<Result<Response>> call(Request request) override {
    Task<Result<Credentials>> getting = base.get();
    CO_TRY(const Credentials with, co_await std::move(getting));
    called.push_back({request, with});
    Task<Result<void>> latency = loop.sleep(std::chrono::milliseconds(50));
    CO_TRY(co_await std::move(latency));
    co_return answer(request, with);
  }
  Loop& loop;
  CredentialSource& base;
  Answer answer;
  std::vector<Called>& called;
};

/// A network that answers by a function: metadata services.
struct Network : Http {
  using Answer = std::function<Result<HttpResponse>(const HttpRequest&)>;
  Answer answer = [](const HttpRequest&) { return fail(Code::network, "no route"); };
  std::vector<HttpRequest> seen;
  Task<Result<HttpResponse>> send(HttpRequest request, Steady, Cancel) override {
    seen.push_back(request);
    co_return answer(request);
  }
};

struct CredentialFixture {
  SimWorld world;
  Network network;
  World seams{world.clock,   world.random,      world.disk,    network,
              world.process, world.environment, world.workers, world.loop};
  CredentialOptions options;
  SettingsOverrides overrides;
  std::vector<Called> called;
  Duration session = std::chrono::hours(1);
  CredentialCalls::Answer answer = [this](const Request& request, const Credentials&) -> Result<Response> {
    Builder b;
    b.begin_map();
    b.begin_map("Credentials");
    b.put("AccessKeyId", "ASIA" + std::to_string(called.size()));
    b.put("SecretAccessKey", "s");
    b.put("SessionToken", "t" + std::to_string(called.size()));
    b.put("Expiration", world.clock.wall() + session);
    b.end();
    b.begin_map("AssumedRoleUser");
    b.put("Arn", "arn:aws:sts::123456789012:assumed-role/r/" + request.params["RoleSessionName"].as_string());
    b.end();
    b.end();
    return Response{.document = b.finish()};
  };

  CredentialFixture() {
    options.role_session_name = "reeve-r1";
    options.door = [this](CredentialSource& base, std::function<void(HttpRequest&)>) -> std::unique_ptr<Api> {
      return std::make_unique<CredentialCalls>(world.loop, base, answer, called);
    };
  }
  void config(const std::string& text) { write("/home/reeve/.aws/config", text); }
  void keys(const std::string& text) { write("/home/reeve/.aws/credentials", text); }
  void write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(world.disk.make_folders(folder_of(path)));
    ASSERT_TRUE(world.disk.write_file(path, text));
  }
  std::unique_ptr<CredentialSource> source() {
    auto settings = load_settings(world.environment, world.disk, overrides);
    EXPECT_TRUE(settings) << settings.error().text();
    return make_credentials(seams, settings ? *settings : Settings{}, options);
  }
  Result<Credentials> get(CredentialSource& from) { return world.loop.run(from.get()); }
  Result<Credentials> get() {
    const auto from = source();
    return get(*from);
  }
};

}  // namespace reeve::aws
