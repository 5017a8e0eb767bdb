#include "aws/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace reeve::aws {
namespace {

using testing::HasSubstr;

// Every embedded service parses, and every one of its operations resolves with all shapes that it names.
TEST(Models, EveryOperationOfEveryServiceResolves) {
  Models models;
  std::size_t operations = 0;
  for (const std::string& service : models.services()) {
    const auto model = models.get(service);
    ASSERT_TRUE(model) << service;
    EXPECT_FALSE((*model)->protocols.empty()) << service;
    EXPECT_FALSE((*model)->signing_name.empty()) << service;
    for (const std::string_view name : (*model)->operation_names()) {
      const Operation* operation = (*model)->find_operation(name);
      ASSERT_NE(operation, nullptr) << name;
      ++operations;
      for (const Shape* shape : {operation->input, operation->output}) {
        if (shape == nullptr) continue;
        for (const Member& member : shape->members) EXPECT_NE(member.shape, nullptr) << name << "." << member.name;
      }
    }
  }
  EXPECT_GT(operations, 2000U);
}

// Starting costs nothing for services that are not used.
TEST(Models, AreParsedWhenTheyAreAskedFor) {
  Models models;
  EXPECT_FALSE(models.services().empty());
  EXPECT_FALSE(models.get("no-such-service"));
  EXPECT_TRUE(models.parsed().empty());
  ASSERT_TRUE(models.get("sts", "GetCallerIdentity"));
  EXPECT_EQ(models.parsed(), std::vector<std::string>{"sts"});
}

TEST(Models, MembersKeepTheTraitsOfTheirReference) {
  Models models;
  const auto found = models.get("ec2", "DescribeSnapshots");
  ASSERT_TRUE(found);
  const Member* ids = found->operation->input->find("SnapshotIds");
  ASSERT_NE(ids, nullptr);
  EXPECT_EQ(ids->location_name, "SnapshotId");
  EXPECT_EQ(ids->shape->type, ShapeType::list);
  EXPECT_EQ(models.keys()->name(ids->key), "SnapshotIds");
  const Member* snapshots = found->operation->output->find("Snapshots");
  ASSERT_NE(snapshots, nullptr);
  EXPECT_EQ(snapshots->xml_name, "snapshotSet");
  EXPECT_EQ(found->model->paginators["DescribeSnapshots"]["input_token"].as_text(), "NextToken");
  EXPECT_THAT(found->model->endpoint_rules, HasSubstr("UseFIPS"));
}

TEST(Models, RecursiveShapesPointBackToThemselves) {
  const auto model = ServiceModel::parse("x", R"({"metadata": {"protocol": "query"}, "operations":
      {"Op": {"name": "Op", "http": {}, "input": {"shape": "Tree"}}}, "shapes": {
      "Tree": {"type": "structure", "required": ["Left"], "members": {"Left": {"shape": "Tree"}, "All": {"shape": "Trees"}}},
      "Trees": {"type": "list", "member": {"shape": "Tree"}}}})",
                                         "", "", "", std::make_shared<Keys>());
  ASSERT_TRUE(model);
  const Shape* tree = (*model)->find_operation("Op")->input;
  EXPECT_EQ(tree->find("Left")->shape, tree);
  EXPECT_TRUE(tree->find("Left")->required);
  EXPECT_EQ(tree->find("All")->shape->item.shape, tree);
}

TEST(Models, WrongNamesGetTheNearestOne) {
  Models models;
  const auto service = models.get("ecc2");
  ASSERT_FALSE(service);
  EXPECT_EQ(service.error().code, Code::unknown_service);
  EXPECT_THAT(service.error().hint, HasSubstr("'ec2'"));
  const auto operation = models.get("ec2", "DescribeSnapshot");
  ASSERT_FALSE(operation);
  EXPECT_THAT(operation.error().hint, HasSubstr("'DescribeSnapshots'"));
}

TEST(Models, WhatIsNoModelIsMalformed) {
  for (const char* text : {"", "[]", "{}", "{\"shapes\": 3}", "{\"shapes\": {}, \"operations\": {\"A\": 1}}", "{"}) {
    const auto model = ServiceModel::parse("x", text, "", "", "", std::make_shared<Keys>());
    ASSERT_FALSE(model) << text;
    EXPECT_EQ(model.error().code, Code::malformed) << text;
  }
}

TEST(Models, ManyThreadsMayAskAtOnce) {
  Models models;
  std::vector<std::jthread> threads;
  std::vector<const Operation*> found(8);
  for (std::size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back([&, i] {
      if (const auto operation = models.get("sts", "GetCallerIdentity")) found[i] = operation->operation;
    });
  }
  threads.clear();
  for (const Operation* operation : found) EXPECT_EQ(operation, found[0]);
  EXPECT_NE(found[0], nullptr);
}

TEST(Models, PartitionsAreThere) { EXPECT_THAT(std::string(Models::partitions_json()), HasSubstr("aws-cn")); }

}  // namespace
}  // namespace reeve::aws
