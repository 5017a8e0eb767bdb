// Every service of botocore loads and describes itself: all shapes of all operations resolve.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "aws/describe.h"
#include "aws/protocol/codec.h"
#include "base/real_seams.h"

namespace reeve::aws {
namespace {

/// The names of references without a shape, in all that `shape` reaches.
void find_unresolved(const Shape* shape, std::set<const Shape*>& seen, std::string& out) {
  if (shape == nullptr || !seen.insert(shape).second) return;
  auto follow = [&](const Member& member, std::string_view what) {
    if (member.shape == nullptr) {
      out += fmt::format("{}.{} ", shape->name, what);
    } else {
      find_unresolved(member.shape, seen, out);
    }
  };
  for (const Member& member : shape->members) follow(member, member.name);
  if (shape->type == ShapeType::list) follow(shape->item, "member");
  if (shape->type == ShapeType::map) follow(shape->map_key, "key"), follow(shape->map_value, "value");
}

TEST(ProtocolModels, EveryServiceOfBotocoreDescribesItself) {
  RealDisk disk;
  const std::string folder = "build/deps/botocore/botocore/data";
  if (const auto there = disk.exists(folder); !there || !*there) {
    fmt::print("botocore's models are not here ({}): scripts/setup gets them\n", folder);
    return;
  }
  Models models;
  const std::size_t embedded = models.services().size();
  ASSERT_TRUE(models.add_folder(disk, folder));
  std::size_t operations = 0, services = 0;
  for (const std::string& service : models.services()) {
    const auto model = models.get(service);
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_TRUE(codec_for(**model)) << service << " speaks no protocol that we do";
    EXPECT_FALSE((*model)->endpoint_rules.empty()) << service;
    std::set<const Shape*> seen;
    std::string unresolved;
    for (const std::string_view name : (*model)->operation_names()) {
      const Operation* operation = (*model)->find_operation(name);
      ASSERT_NE(operation, nullptr) << service << "." << name;
      find_unresolved(operation->input, seen, unresolved);
      find_unresolved(operation->output, seen, unresolved);
      for (const Shape* error : operation->errors) find_unresolved(error, seen, unresolved);
      if (operation->input != nullptr && !operation->input->members.empty()) {
        EXPECT_FALSE(describe_parameters(*operation).empty()) << service << "." << name;
      }
      EXPECT_FALSE(parameters_skeleton(*operation).empty()) << service << "." << name;
      ++operations;
    }
    EXPECT_EQ(unresolved, "") << service;
    ++services;
  }
  fmt::print("models: {} services ({} embedded), {} operations\n", services, embedded, operations);
  EXPECT_GT(services, 400U);
}

}  // namespace
}  // namespace reeve::aws
