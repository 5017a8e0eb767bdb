#include "targets.h"

#include <algorithm>
#include <array>
#include <string>

#include "aws/config_file.h"
#include "aws/fault_script.h"
#include "aws/protocol/codec.h"
#include "aws/protocol/xml_read.h"
#include "base/json.h"
#include "base/sim_seams.h"
#include "plan/plan_file.h"
#include "policy/policy.h"
#include "policy/vocabulary.h"
#include "text/jmespath.h"
#include "text/yaml.h"

namespace reeve::fuzz {
namespace {

struct Call {
  const char* service;
  const char* operation;
};
constexpr std::array calls = {Call{"ec2", "DescribeInstances"}, Call{"ec2", "DescribeSnapshots"},
                              Call{"ec2", "RunInstances"},      Call{"autoscaling", "PutLifecycleHook"},
                              Call{"iam", "ListRoles"},         Call{"sts", "AssumeRole"},
                              Call{"rbin", "GetRule"},          Call{"rbin", "CreateRule"}};

/// The first byte chooses an operation; the rest are the bytes of its protocol.
struct Chosen {
  explicit Chosen(std::string_view bytes) : call(calls.at(static_cast<unsigned char>(bytes[0]) % calls.size())) {
    static aws::Models models;
    found = models.get(call.service, call.operation).value();
    codec = aws::codec_for(*found.model).value();
  }
  Call call;
  aws::Models::Found found;
  const aws::Codec* codec = nullptr;
};

void response(std::string_view bytes) {
  if (bytes.empty()) return;
  const Chosen to(bytes);
  const auto answer = std::make_shared<HttpResponse>();
  answer->status = 200;
  answer->body = bytes.substr(1);
  if (const auto document = to.codec->decode_response(*to.found.model, *to.found.operation, answer)) {
    to_json(*document);
    to.codec->encode_response(*to.found.model, *to.found.operation, *document, "id");
  }
  to.codec->decode_error(*to.found.model, *to.found.operation, *answer);
}

/// What the sandbox's server does with a request; what it read is written and read again.
void request(std::string_view bytes) {
  if (bytes.empty()) return;
  const Chosen to(bytes);
  HttpRequest given{.method = "POST", .target = "/rules/abc?a=b", .body = std::string(bytes.substr(1))};
  (void)to.codec->route(*to.found.model, given);
  const auto params = to.codec->decode_request(*to.found.model, *to.found.operation, given);
  if (!params) return;
  to_json(*params);
  (void)to.codec->encode_request(*to.found.model, *to.found.operation, *params, "");
}

void xml(std::string_view bytes) { (void)aws::read_xml_tree(bytes); }

void json(std::string_view bytes) {
  const auto document = parse_json(bytes);
  if (!document) return;
  const std::string text = canonical_json(*document);
  const auto again = parse_json(text);
  REEVE_ASSERT(again && canonical_json(*again) == text);
}

void yaml(std::string_view bytes) { (void)text::parse_yaml(bytes, "fuzz.yaml"); }

void jmespath(std::string_view bytes) {
  static const Document input =
      parse_json(R"({"a": [{"b": 1, "c": "x"}, {"b": 2.5, "d": {"e": [true, null]}}], "t": "text", "n": [3, 1, 2]})")
          .value();
  const auto expression = text::Jmespath::compile(bytes);
  if (!expression) return;
  text::Scratch scratch;
  if (const auto value = expression->search(input, scratch)) to_json(*value);
}

void policy(std::string_view bytes) {
  static const policy::Vocabulary vocabulary;
  static const auto kinds = estate::Kinds::embedded().value();
  (void)policy::read_policies(bytes, "fuzz.yaml", {.now = Time{1'770'000'000'000'000}}, vocabulary, *kinds);
}

void config(std::string_view bytes) {
  for (const auto kind : {aws::ConfigFileKind::config, aws::ConfigFileKind::credentials}) {
    (void)aws::parse_config_file(bytes, kind, "config");
  }
}

void plan_file(std::string_view bytes) {
  SimWorld world;
  REEVE_ASSERT(world.disk.write_file("/plan.jsonl", bytes));
  const auto file = plan::PlanFile::open(world.disk, "/plan.jsonl");
  if (file) (void)file->each_row([](const plan::Row&) { return Result<void>(); });
}

void fault_script(std::string_view bytes) { (void)aws::FaultScript::parse(bytes, "faults.json"); }

constexpr std::array table = {Target{"response", response}, Target{"request", request},
                              Target{"xml", xml},           Target{"json", json},
                              Target{"yaml", yaml},         Target{"jmespath", jmespath},
                              Target{"policy", policy},     Target{"config", config},
                              Target{"plan", plan_file},    Target{"fault-script", fault_script}};

}  // namespace

std::span<const Target> targets() { return table; }

const Target* find_target(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Target::name);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace reeve::fuzz
