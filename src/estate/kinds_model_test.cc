// Every word of a descriptor that AWS must know stands in botocore's models: a typo in data cannot survive.
#include <gmock/gmock.h>

#include <set>

#include "aws/model.h"
#include "estate/form.h"
#include "estate/kind.h"

namespace reeve::estate {
namespace {

using aws::Shape;
using aws::ShapeType;

/// What one item of a list is; other shapes are what they are.
const Shape* item_of(const Shape* shape) {
  while (shape != nullptr && shape->type == ShapeType::list) shape = shape->item.shape;
  return shape;
}

/// What a path of member names leads to, lists passed through; nullptr where a name is not known.
const Shape* at_path(const Shape* shape, std::string_view path) {
  while (!path.empty()) {
    shape = item_of(shape);
    if (shape == nullptr) return nullptr;
    const auto dot = path.find('.');
    if (shape->type == ShapeType::map) {
      shape = shape->map_value.shape;
    } else {
      const auto* member = shape->find(path.substr(0, dot));
      if (member == nullptr) return nullptr;
      shape = member->shape;
    }
    path = dot == path.npos ? std::string_view{} : path.substr(dot + 1);
  }
  return shape;
}

std::string_view first_of(std::string_view path) { return path.substr(0, path.find('.')); }

class KindModels : public ::testing::TestWithParam<std::string> {
 protected:
  KindModels() : kinds_(Kinds::embedded().value()), kind_(*kinds_->find(GetParam())) { gather_members(); }

  const aws::Operation* operation(const std::string& service, const std::string& name) {
    const auto found = models_.get(service, name);
    EXPECT_TRUE(found) << service << "." << name;
    return found ? found->operation : nullptr;
  }

  /// The shape of one record of the listing.
  const Shape* record() {
    const auto* listing = operation(kind_.service, kind_.list.operation);
    return listing == nullptr ? nullptr : item_of(at_path(listing->output, kind_.list.path));
  }

  /// All that may stand at the top of a record, and its shape; nullptr: any.
  void gather_members() {
    const Shape* shape = record();
    if (shape != nullptr) {
      for (const auto& member : shape->members) {
        const auto renamed = kind_.rename.find(std::string(member.name));
        members_[renamed == kind_.rename.end() ? std::string(member.name) : renamed->second] = member.shape;
      }
    }
    if (!kind_.list.item.empty()) members_[kind_.list.item] = nullptr;
    for (const auto& name : kind_.list.carry) members_[name] = nullptr;
    for (const auto& [name, form] : kind_.derive) members_[name] = nullptr;
    for (const Column& column : kind_.columns) {
      if (!column.spread) {
        members_[column.name] = nullptr;
        continue;
      }
      const auto* call = operation(column.service, column.operation);
      const Shape* spread = call == nullptr ? nullptr : at_path(call->output, column.path);
      ASSERT_NE(spread, nullptr) << column.name;
      if (spread->type == ShapeType::map) any_member_ = true;
      for (const auto& member : spread->members) members_[std::string(member.name)] = member.shape;
    }
  }

  void expect_member(std::string_view path, std::string_view what) {
    const auto found = members_.find(std::string(first_of(path)));
    if (found == members_.end()) {
      EXPECT_TRUE(any_member_) << what << ": no member " << path;
      return;
    }
    if (found->second == nullptr || first_of(path) == path) return;
    EXPECT_NE(at_path(found->second, path.substr(first_of(path).size() + 1)), nullptr) << what << ": no path " << path;
  }

  void expect_form(std::string_view form, std::string_view what) {
    static const std::set<std::string_view> own{"id", "arn", "partition", "region", "account"};
    for (std::string_view word : form_words(form)) {
      if (own.contains(word)) continue;
      expect_member(word.starts_with('.') ? word.substr(1) : word, what);
    }
  }
  void expect_forms(Value params, std::string_view what) {
    if (params.is_text()) expect_form(params.as_text(), what);
    for (const Value item : params.items()) expect_forms(item, what);
    for (const auto [key, value] : params.entries()) expect_forms(value, what);
  }

  /// Parameters fit an operation's input: their names, and whether a text, a list or a map is asked for.
  void expect_params(const Shape* shape, Value params, const std::string& what) {
    if (params.is_null()) return;
    ASSERT_NE(shape, nullptr) << what << " takes no parameters";
    for (const auto [key, value] : params.entries()) {
      const auto* member = shape->find(key);
      ASSERT_NE(member, nullptr) << what << " has no parameter " << key;
      const bool list = member->shape->type == ShapeType::list;
      EXPECT_EQ(value.is_list(), list) << what << " " << key;
      if (value.is_map()) expect_params(member->shape, value, what);
      if (!list || member->shape->item.shape->type != ShapeType::structure) continue;
      for (const Value item : value.items()) expect_params(member->shape->item.shape, item, what);
    }
  }
  void expect_list_parameter(const Shape* input, std::string_view name, const std::string& what) {
    const auto* member = input == nullptr ? nullptr : input->find(name);
    ASSERT_NE(member, nullptr) << what << " has no parameter " << name;
    EXPECT_EQ(member->shape->type, ShapeType::list) << what << " " << name;
  }

  aws::Models models_;
  std::shared_ptr<const Kinds> kinds_;
  const Kind& kind_;
  std::map<std::string, const Shape*> members_;
  bool any_member_ = false;
};

TEST_P(KindModels, ListAndGetAreKnown) {
  const auto* list = operation(kind_.service, kind_.list.operation);
  ASSERT_NE(list, nullptr);
  expect_params(list->input, kind_.list.params, kind_.list.operation);
  const Shape* shape = at_path(list->output, kind_.list.path);
  ASSERT_NE(shape, nullptr) << "no path " << kind_.list.path;
  EXPECT_EQ(shape->type, ShapeType::list) << kind_.list.path;
  EXPECT_EQ(item_of(shape)->type == ShapeType::string, !kind_.list.item.empty()) << "bare texts need 'item'";
  if (!kind_.list.of.empty()) EXPECT_NE(kinds_->find(kind_.list.of), nullptr) << kind_.list.of;
  for (const auto& key : kind_.query_keys) EXPECT_NE(list->input->find(key), nullptr) << "query: no parameter " << key;

  const ReadById& get = kind_.get;
  if (get.how == ReadById::How::listing) return;
  const auto* read = operation(kind_.service, get.operation);
  ASSERT_NE(read, nullptr);
  expect_params(read->input, get.params, get.operation);
  ASSERT_NE(at_path(read->output, get.path), nullptr) << get.operation << " has no path " << get.path;
  EXPECT_NE(item_of(at_path(read->output, get.path))->find(kind_.id), nullptr) << get.path << " has no " << kind_.id;
  if (get.how == ReadById::How::filter) expect_list_parameter(read->input, "Filters", get.operation);
  if (get.how == ReadById::How::parameter) expect_list_parameter(read->input, get.name, get.operation);
  if (get.how == ReadById::How::each) EXPECT_NE(read->input->find(get.name), nullptr) << get.operation << get.name;
}

TEST_P(KindModels, MembersAreThoseOfItsRecords) {
  expect_member(kind_.id, "id");
  expect_member(kind_.title, "title");
  for (const auto& date : kind_.dates) expect_member(date, "date");
  for (const auto& member : kind_.census) expect_member(member, "census");
  for (const auto& path : kind_.show) expect_member(path, "show");
  if (!kind_.region.empty()) expect_member(kind_.region, "region");
  for (const auto& [other, path] : kind_.relations) {
    EXPECT_NE(kinds_->find(other), nullptr) << "relations: no kind " << other;
    expect_member(path, "relations");
  }
  for (const auto& [from, to] : kind_.rename) EXPECT_NE(record()->find(from), nullptr) << "rename: no member " << from;
  expect_form(kind_.arn, "arn");
  for (const auto& [name, form] : kind_.derive) expect_form(form, name);
  for (const auto& [name, form] : kind_.metrics.dimensions) expect_form(form, name);
  if (kind_.tag_style != TagStyle::none) expect_member(kind_.tags, "tags");
}

TEST_P(KindModels, ColumnsAreKnown) {
  for (const Column& column : kind_.columns) {
    SCOPED_TRACE(column.name);
    const auto* call = operation(column.service, column.operation);
    ASSERT_NE(call, nullptr);
    expect_params(call->input, column.params, column.operation);
    expect_forms(column.params, column.operation);
    expect_form(column.by, "by");
    const Shape* shape = at_path(call->output, column.path);
    ASSERT_NE(shape, nullptr) << column.operation << " has no path " << column.path;
    for (const auto& name : column.members) EXPECT_NE(at_path(shape, name), nullptr) << "no member " << name;
    if (!column.filter.empty()) expect_list_parameter(call->input, "Filters", column.operation);
    if (!column.ids_parameter.empty()) expect_list_parameter(call->input, column.ids_parameter, column.operation);
    if (column.match.empty()) continue;
    EXPECT_NE(at_path(item_of(shape), column.match), nullptr) << "match: no member " << column.match;
    EXPECT_NE(at_path(item_of(shape), column.take), nullptr) << "take: no path " << column.take;
  }
}

TEST_P(KindModels, TagCallsAreKnown) {
  if (kind_.tag_style == TagStyle::none) return;
  for (const TagCall* tags : {&kind_.add_tags, &kind_.remove_tags}) {
    SCOPED_TRACE(tags->operation);
    const auto* call = operation(tags->service, tags->operation);
    ASSERT_NE(call, nullptr);
    expect_params(call->input, tags->params, tags->operation);
    expect_forms(tags->params, tags->operation);
    expect_forms(tags->item, tags->operation);
    if (tags->form == TagCall::Form::nothing) continue;
    const Shape* shape = at_path(call->input, tags->member);
    ASSERT_NE(shape, nullptr) << "no parameter " << tags->member;
    using Form = TagCall::Form;
    EXPECT_EQ(shape->type == ShapeType::map, tags->form == Form::map) << tags->member;
    if (shape->type == ShapeType::map) continue;
    ASSERT_EQ(shape->type, ShapeType::list);
    EXPECT_EQ(shape->item.shape->type == ShapeType::string, tags->form == Form::keys);
    if (tags->form == Form::keys) continue;
    EXPECT_NE(shape->item.shape->find(tags->form == Form::kms_list ? "TagKey" : "Key"), nullptr);
    expect_params(shape->item.shape, tags->item, tags->operation);
  }
}

std::vector<std::string> all_names() { return Kinds::embedded().value()->names(); }

INSTANTIATE_TEST_SUITE_P(Shipped, KindModels, ::testing::ValuesIn(all_names()), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace reeve::estate
