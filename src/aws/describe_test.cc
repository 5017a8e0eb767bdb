#include "aws/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/protocol/validate.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

using testing::HasSubstr;

TEST(Describe, SaysTypesAndWhatIsRequired) {
  Models models;
  const auto found = *models.get("ec2", "CreateTags");
  const std::string text = describe_parameters(*found.operation);
  EXPECT_THAT(text, HasSubstr("  Resources: list of text, required\n"));
  EXPECT_THAT(text, HasSubstr("  Tags: list of structure, required\n    Key: text\n    Value: text\n"));
  EXPECT_THAT(describe_parameters(*models.get("ec2", "CreateVolume")->operation), HasSubstr("VolumeType: text (standard | "));
}

TEST(Describe, WhatItGivesToBeginFromFitsTheModel) {
  Models models;
  std::size_t operations = 0;
  for (const char* service : {"ec2", "s3", "iam", "lambda", "dynamodb", "cloudwatch"}) {
    const auto model = *models.get(service);
    for (const std::string_view name : model->operation_names()) {
      const Operation& operation = *model->find_operation(name);
      const auto params = parse_json(parameters_skeleton(operation));
      ASSERT_TRUE(params) << service << "." << name;
      const auto fits = validate_params(*model, operation, *params);
      EXPECT_TRUE(fits) << fits.error().text();
      ++operations;
    }
  }
  EXPECT_GT(operations, 1000U);
}

}  // namespace
}  // namespace reeve::aws
