// Endpoint rules against the outside suites of REEVE_SHARED/conformance/endpoints: every case of 30 services by its
// `params` and by its `operationInputs`, exact URLs, properties, headers and error texts; the standard library's
// functions.
#include "aws/endpoints.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "aws/endpoint_parameters.h"
#include "aws/model.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

std::optional<std::string> read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::stringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

/// The suite's folder; nullopt (said in a line) where it is not here.
std::optional<std::string> folder() {
  const char* shared = std::getenv("REEVE_SHARED");
  std::string out = std::string(shared != nullptr ? shared : "../shared") + "/conformance/endpoints/";
  if (std::filesystem::exists(out)) return out;
  std::cout << "the suite conformance/endpoints is not here: not run\n";
  return std::nullopt;
}

Document parsed(const std::string& text) {
  auto out = parse_json(text);
  EXPECT_TRUE(out) << out.error().text();
  return out ? *out : Document{};
}

/// A missing map and an empty one say the same.
bool same(Value a, Value b) { return (a.empty() && b.empty()) || a == b; }

/// What is wrong with the answer to one case, or an empty text.
std::string check(Endpoints& endpoints, const std::string& rules, Value parameters, Value expected) {
  const auto got = endpoints.evaluate(rules, parameters);
  if (const auto error = expected.find("error")) {
    if (got) return "no error";
    return got.error().message == error->as_text() ? "" : got.error().message;
  }
  if (!got) return got.error().text();
  const Value endpoint = expected["endpoint"];
  if ((*got)["url"].as_text() != endpoint["url"].as_text()) return (*got)["url"].as_string();
  if (!same((*got)["properties"], endpoint["properties"])) return to_json((*got)["properties"]);
  return same((*got)["headers"], endpoint["headers"]) ? "" : to_json((*got)["headers"]);
}

/// Runs the cases; how many there were.
int run(Endpoints& endpoints, const std::string& name, const std::string& rules, Value cases) {
  int number = 0;
  for (const Value c : cases.items()) {
    ++number;
    const std::string wrong = check(endpoints, rules, c["params"], c["expect"]);
    EXPECT_EQ(wrong, "") << name << ":" << number << " " << c["documentation"].as_text();
  }
  return number;
}

TEST(Endpoints, EveryServicesCases) {
  const auto at = folder();
  if (!at) return;
  const auto endpoints = Endpoints::make(read(*at + "partitions.json").value());
  int count = 0;
  int services = 0;
  for (const auto& file : std::filesystem::directory_iterator(*at + "tests")) {
    const std::string name = file.path().filename();
    const Document tests = parsed(read(file.path()).value());
    count += run(*endpoints, name, read(*at + "rules/" + name).value(), tests["testCases"]);
    ++services;
  }
  EXPECT_EQ(services, 30);
  EXPECT_EQ(count, 2350);
}

/// The client that a case wants: its built-ins by the rules' names.
BuiltIns built_ins(Value given) {
  BuiltIns out{.region = given["AWS::Region"].as_string(),
               .use_fips = given["AWS::UseFIPS"].as_bool(),
               .use_dual_stack = given["AWS::UseDualStack"].as_bool(),
               .endpoint = given["SDK::Endpoint"].as_string(),
               .account_id_endpoint_mode = given["AWS::Auth::AccountIdEndpointMode"].as_string()};
  out.choices = {.accelerate = given["AWS::S3::Accelerate"].as_bool(),
                 .force_path_style = given["AWS::S3::ForcePathStyle"].as_bool(),
                 .use_global_endpoint = given["AWS::S3::UseGlobalEndpoint"].as_bool(),
                 .disable_multi_region_access_points = given["AWS::S3::DisableMultiRegionAccessPoints"].as_bool(),
                 .sts_global_endpoint = given["AWS::STS::UseGlobalEndpoint"].as_bool()};
  if (const auto account = given.find("AWS::Auth::AccountId")) out.account_id = account->as_string();
  for (const char* name : {"AWS::S3::UseArnRegion", "AWS::S3Control::UseArnRegion"}) {
    if (const auto choice = given.find(name)) out.choices.use_arn_region = choice->as_bool();
  }
  return out;
}

// From the call to the endpoint: the parameters come from the operation's model, its input and the client.
TEST(Endpoints, OperationInputs) {
  const auto at = folder();
  if (!at) return;
  const auto endpoints = Endpoints::make(read(*at + "partitions.json").value());
  Models models;
  int cases = 0, inputs = 0;
  for (const auto& file : std::filesystem::directory_iterator(*at + "tests")) {
    const std::string service = file.path().stem();
    const Document tests = parsed(read(file.path()).value());
    const std::string rules = read(*at + "rules/" + service + ".json").value();
    const auto parameters = EndpointParameters::parse(rules);
    ASSERT_TRUE(parameters) << service;
    for (const Value c : tests["testCases"].items()) {
      cases += c["operationInputs"].empty() ? 0 : 1;
      for (const Value input : c["operationInputs"].items()) {
        ++inputs;
        const std::string operation = input["operationName"].as_string();
        const auto found = models.get(service, operation);
        ASSERT_TRUE(found) << service << "." << operation;
        const auto made = parameters->of(found->operation, input["operationParams"], built_ins(input["builtInParams"]));
        ASSERT_TRUE(made) << made.error().text();
        EXPECT_EQ(check(*endpoints, rules, *made, c["expect"]), "")
            << service << "." << operation << " " << c["documentation"].as_text() << "\n"
            << to_json(*made);
      }
    }
  }
  EXPECT_EQ(cases, 588);
  EXPECT_EQ(inputs, 688);
}

TEST(Endpoints, Functions) {
  const auto at = folder();
  if (!at) return;
  const auto endpoints = Endpoints::make(read(*at + "partitions.json").value());
  int count = 0;
  const Document functions = parsed(read(*at + "functions.json").value());
  for (const auto [name, part] : functions.root().entries()) {
    count += run(*endpoints, std::string(name), to_json(part["rules"]), part["tests"]["testCases"]);
  }
  EXPECT_EQ(count, 101);
}

TEST(Endpoints, PartitionsOfListedAndOfNewRegions) {
  const auto at = folder();
  if (!at) return;
  const std::string text = read(*at + "partitions.json").value();
  const auto endpoints = Endpoints::make(text);
  const Document partitions = parsed(text);
  for (const Value partition : partitions["partitions"].items()) {
    for (const auto [region, outputs] : partition["regions"].entries()) {
      EXPECT_EQ(endpoints->partition_of(region), partition["id"].as_text()) << region;
    }
  }
  EXPECT_EQ(endpoints->partition_of("us-east-77"), "aws");
  EXPECT_EQ(endpoints->partition_of("cn-south-9"), "aws-cn");
  EXPECT_EQ(endpoints->partition_of("us-gov-central-1"), "aws-us-gov");
  EXPECT_EQ(endpoints->partition_of("nowhere"), "aws");
}

}  // namespace
}  // namespace reeve::aws
