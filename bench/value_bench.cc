// Records a second through one value filter, on records of a page that was decoded with interned keys: a plain key, a
// path and a tag.
//   cmake --build --preset release --target value_bench && build/release/bench/value_bench
#include <time.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "estate/testing/scripted_api.h"
#include "policy/vocabulary.h"

using namespace reeve;

namespace {

/// Records of an instance's shape, all in one arena as a page is; "c5.large" is one type in ten.
std::vector<policy::Candidate> make_page(const estate::Kind& kind, std::size_t count) {
  const auto keys = std::make_shared<Keys>();
  for (const char* name : {"InstanceId", "ImageId", "KeyName", "Monitoring", "State", "Name", "Code", "InstanceType",
                           "Tags", "Key", "Value", "LaunchTime", "SubnetId", "VpcId", "Architecture"}) {
    keys->intern(name);
  }
  Builder b(keys);
  b.begin_list();
  for (std::size_t i = 0; i < count; ++i) {
    b.begin_map();
    b.put("InstanceId", "i-0123456789abc" + std::to_string(i));
    b.put("ImageId", "ami-0123456789abcdef0");
    b.put("KeyName", "some-key");
    b.begin_map("State");
    b.put("Code", 16);
    b.put("Name", i % 10 == 0 ? "stopped" : "running");
    b.end();
    b.put("LaunchTime", Time{1'700'000'000'000'000});
    b.put("SubnetId", "subnet-0123456789abcdef0");
    b.put("VpcId", "vpc-0123456789abcdef0");
    b.put("Architecture", "x86_64");
    b.put("InstanceType", i % 10 == 0 ? "c5.large" : "m5.xlarge");
    b.begin_list("Tags");
    for (const char* tag : {"Name", "Team", "Stage"}) {
      b.begin_map();
      b.put("Key", tag);
      b.put("Value", "something");
      b.end();
    }
    b.end();
    b.end();
  }
  b.end();
  const Document page = b.finish();
  std::vector<policy::Candidate> out;
  out.reserve(count);
  const aws::Scope scope{.account = "123456789012", .region = "us-east-1"};
  for (const Value record : page.root().items()) {
    out.push_back({.view = estate::RecordView({&kind, scope, page.part(record)})});
  }
  return out;
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

int main() {
  const auto kinds = estate::Kinds::embedded().value();
  const estate::Kind& kind = *kinds->find("ec2");
  const auto prices = estate::Prices::embedded().value();
  estate::testing::StillClock clock(Time{1'780'000'000'000'000});
  Loop loop(clock);
  estate::testing::ScriptedApi api;
  aws::Models models;
  estate::Reader reader(api, models, *kinds, loop, {.account = "123456789012", .region = "us-east-1"}, {});
  text::Scratch scratch;
  policy::Context context{.reader = reader,
                          .prices = prices,
                          .now = clock.wall(),
                          .account = "123456789012",
                          .region = "us-east-1",
                          .partition = "aws",
                          .run = "run",
                          .scratch = scratch};
  const policy::Vocabulary vocabulary;
  constexpr std::size_t count = 200'000;
  for (const char* json :
       {R"({"InstanceType": "c5.large"})", R"({"State.Name": "stopped"})", R"({"tag:Stage": "prod"})",
        R"({"type": "value", "key": "LaunchTime", "value_type": "age", "op": "ge", "value": 30})"}) {
    const Document data = estate::testing::decoded(json);
    const policy::Report report = [](Value, const std::string& message) {
      std::fprintf(stderr, "%s\n", message.c_str());
    };
    const auto filter = vocabulary.make_filter({.kind = kind,
                                                .data = data,
                                                .vocabulary = vocabulary,
                                                .problem = report,
                                                .warning = report,
                                                .now = context.now});
    auto page = make_page(kind, count);  // made anew: nothing of it was read before
    std::size_t matches = 0;
    const double start = cpu_seconds();
    for (policy::Candidate& candidate : page) {
      matches += filter->test(candidate, context).truth == policy::Truth::yes ? 1U : 0U;
    }
    const double seconds = cpu_seconds() - start;
    std::printf("%-90s %6.1f million records/s of CPU, %zu of %zu match\n", json,
                static_cast<double>(count) / seconds / 1e6, matches, count);
  }
  return 0;
}
