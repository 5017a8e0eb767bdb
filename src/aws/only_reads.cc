#include "aws/only_reads.h"

#include <algorithm>
#include <string>

#include "base/contains.h"

namespace reeve::aws {
namespace {

/// First words of the names of operations that read, over all of AWS's models. Not among them: Test (Step Functions'
/// TestState and API Gateway's TestInvokeMethod run what they test, ElastiCache's TestFailover fails over), Generate,
/// Start, Execute, and Receive, which hides messages from others.
constexpr std::string_view reading_words[] = {"Describe", "List",     "Get",     "Head",   "Search",
                                              "BatchGet", "Lookup",   "Query",   "Scan",   "Select",
                                              "Simulate", "Validate", "Preview", "Filter", "BatchDescribe"};

/// Of the others, what is known to look only.
constexpr std::string_view reading[] = {"events.TestEventPattern", "logs.TestMetricFilter", "logs.TestTransformer",
                                        "cloudfront.TestFunction", "dynamodb.TransactGetItems"};

/// What begins with a reading word, and makes something all the same: an identity, a database user.
constexpr std::string_view changing[] = {"cognito-identity.GetId",
                                         "cognito-identity.GetOpenIdTokenForDeveloperIdentity",
                                         "redshift.GetClusterCredentials", "redshift-serverless.GetCredentials"};

/// "Describe" begins DescribeSnapshots, and not "Describer".
bool begins_with(std::string_view operation, std::string_view word) {
  if (!operation.starts_with(word)) return false;
  return operation.size() == word.size() || (operation[word.size()] >= 'A' && operation[word.size()] <= 'Z');
}

}  // namespace

bool only_reads(std::string_view service, std::string_view operation, Value params) {
  const std::string name = std::string(service) + "." + std::string(operation);
  if (contains(changing, name)) return false;
  if (service == "sts" || contains(reading, name)) return true;  // STS hands out credentials and keeps nothing
  // EC2 API Reference, DryRun: "Checks whether you have the required permissions for the action, without actually
  // making the request".
  if (service == "ec2" && params["DryRun"].as_bool()) return true;
  return std::ranges::any_of(reading_words, [&](std::string_view word) { return begins_with(operation, word); });
}

}  // namespace reeve::aws
