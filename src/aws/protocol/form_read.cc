#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "aws/protocol/form.h"
#include "aws/protocol/scalar.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

/// Parameters of one request: EC2's largest calls name some thousand ids.
constexpr std::size_t most_parameters = 100'000;
/// Dots in one parameter's name.
constexpr std::size_t deepest = 32;

/// "Filter.1.Name=x" as a tree of the names' parts.
struct Branch {
  std::map<std::string, Branch, std::less<>> children;
  std::string value;
  bool has_value = false;
  bool used = false;

  const Branch* child(std::string_view name) const {
    const auto found = children.find(name);
    return found == children.end() ? nullptr : &found->second;
  }
  Branch* child(std::string_view name) {
    const auto found = children.find(name);
    return found == children.end() ? nullptr : &found->second;
  }
  /// Children whose names are numbers, in their order.
  std::vector<Branch*> numbered() {
    std::vector<std::pair<std::uint32_t, Branch*>> found;
    for (auto& [name, branch] : children) {
      std::uint32_t number = 0;
      const auto [at, error] = std::from_chars(name.data(), name.data() + name.size(), number);
      if (error == std::errc{} && at == name.data() + name.size()) found.emplace_back(number, &branch);
    }
    std::ranges::sort(found);
    std::vector<Branch*> branches;
    for (const auto& [number, branch] : found) branches.push_back(branch);
    return branches;
  }
};

/// Calls `each(name, value)` for the decoded parameters until it gives false.
template <class F>
bool for_each_parameter(std::string_view form, F each) {
  while (!form.empty()) {
    const std::size_t end = std::min(form.find('&'), form.size());
    const std::string_view pair = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    if (!each(decode_percent(pair.substr(0, equals), true), decode_percent(value, true))) return false;
  }
  return true;
}

Result<Branch> read_tree(std::string_view form) {
  Branch root;
  std::size_t count = 0;
  const bool fits = for_each_parameter(form, [&](const std::string& name, std::string value) {
    if (++count > most_parameters) return false;
    Branch* at = &root;
    std::string_view rest = name;
    for (std::size_t depth = 0;; ++depth) {
      if (depth > deepest) return false;
      const std::size_t dot = rest.find('.');
      const std::string_view part = rest.substr(0, dot);
      const auto found = at->children.find(part);
      at = found != at->children.end() ? &found->second : &at->children[std::string(part)];
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    at->value = std::move(value);
    at->has_value = true;
    return true;
  });
  if (!fits) return fail(Code::malformed, "the request has too many parameters, or one nests too deeply");
  return root;
}

class Reader {
 public:
  explicit Reader(FormDialect dialect, std::shared_ptr<const Keys> keys)
      : ec2_(dialect == FormDialect::ec2), b_(std::move(keys)) {}

  Result<void> structure(Branch& branch, const Shape& shape, std::size_t depth) {
    if (depth > limits::document_depth) return fail(Code::malformed, "the request nests too deeply");
    b_.begin_map();
    for (const Member& member : shape.members) {
      if (Branch* found = branch.child(name_of(member)); found != nullptr && member.shape != nullptr) {
        found->used = true;
        b_.key(member.key);
        TRY(value(*found, member, depth + 1));
      }
    }
    b_.end();
    return {};
  }

  Document finish() { return b_.finish(); }

  std::string name_of(const Member& member) const {
    if (ec2_) {
      if (!member.query_name.empty()) return std::string(member.query_name);
      std::string name(member.location_name.empty() ? member.name : member.location_name);
      if (name[0] >= 'a' && name[0] <= 'z') {
        name[0] = static_cast<char>(name[0] - ('a' - 'A'));
      }
      return name;
    }
    const bool list = member.shape != nullptr && member.shape->type == ShapeType::list;
    if (list && member.flattened) return std::string(member.xml_name);
    return std::string(member.location_name.empty() ? member.name : member.location_name);
  }

 private:
  Result<void> value(Branch& branch, const Member& member, std::size_t depth) {
    const Shape& shape = *member.shape;
    switch (shape.type) {
      case ShapeType::structure:
        return structure(branch, shape, depth);
      case ShapeType::list:
        return list(branch, member, depth);
      case ShapeType::map:
        return map(branch, member, depth);
      default:
        return scalar(branch.value, member);
    }
  }

  Result<void> list(Branch& branch, const Member& member, std::size_t depth) {
    const Member& item = member.shape->item;
    b_.begin_list();
    Branch* items = &branch;
    if (!ec2_ && !member.flattened) {
      items = branch.child(item.location_name.empty() ? "member" : item.location_name);
    }
    if (items != nullptr && item.shape != nullptr) {
      for (Branch* one : items->numbered()) {
        // Some clients write ".member.1" where the dialect is flat, and some SDKs ".1" where it is not.
        TRY(value(*one, item, depth + 1));
      }
    }
    b_.end();
    return {};
  }

  Result<void> map(Branch& branch, const Member& member, std::size_t depth) {
    const Shape& shape = *member.shape;
    const std::string_view key_name = shape.map_key.location_name.empty() ? "key" : shape.map_key.location_name;
    const std::string_view value_name = shape.map_value.location_name.empty() ? "value" : shape.map_value.location_name;
    Branch* entries = member.flattened ? &branch : branch.child("entry");
    b_.begin_map();
    if (entries != nullptr && shape.map_value.shape != nullptr) {
      for (Branch* entry : entries->numbered()) {
        const Branch* key = entry->child(key_name);
        if (key == nullptr) return fail(Code::malformed, "an entry of a map has no key");
        b_.key(key->value);
        if (Branch* item = entry->child(value_name)) {
          TRY(value(*item, shape.map_value, depth + 1));
        } else {
          Branch none;
          TRY(value(none, shape.map_value, depth + 1));
        }
      }
    }
    b_.end();
    return {};
  }

  Result<void> scalar(const std::string& text, const Member& member) {
    auto wrong = [&](std::string_view what) {
      Error error{Code::malformed, fmt::format("Value ({}) for parameter {} is invalid: not {}", text.substr(0, 100),
                                               member.name, what)};
      error.resource = member.name;
      return fail(std::move(error));
    };
    switch (member.shape->type) {
      case ShapeType::string:
        b_.add(text);
        return {};
      case ShapeType::blob: {
        const auto bytes = decode_base64(text);
        if (!bytes) return wrong("base64");
        b_.blob(*bytes);
        return {};
      }
      case ShapeType::boolean: {
        const auto flag = parse_boolean(text);
        if (!flag) return wrong("true or false");
        b_.add(*flag);
        return {};
      }
      case ShapeType::timestamp: {
        const auto time = parse_time(text);
        if (!time) return wrong("a time");
        b_.add(*time);
        return {};
      }
      case ShapeType::float_number:
      case ShapeType::double_number: {
        const auto number = parse_real(text);
        if (!number) return wrong("a number");
        b_.add(*number);
        return {};
      }
      default: {
        const auto number = parse_integer(text);
        if (!number) return wrong("an integer");
        b_.add(*number);
        return {};
      }
    }
  }

  bool ec2_;
  Builder b_;
};

/// What every request may carry beside the operation's own parameters: the action, and the older signatures' own.
bool is_common(std::string_view name) {
  return name == "Action" || name == "Version" || name == "AWSAccessKeyId" || name == "Signature" ||
         name == "SignatureMethod" || name == "SignatureVersion" || name == "Timestamp" || name == "Expires" ||
         name == "SecurityToken" || name.starts_with("X-Amz-");
}

}  // namespace

std::string form_parameter(std::string_view form, std::string_view name) {
  std::string found;
  for_each_parameter(form, [&](const std::string& key, std::string value) {
    if (key != name) return true;
    found = std::move(value);
    return false;
  });
  return found;
}

Result<Document> read_form(const ServiceModel& model, const Operation& operation, std::string_view form,
                           FormDialect dialect) {
  TRY(Branch root, read_tree(form));
  Reader reader(dialect, model.keys());
  static const Shape nothing{};
  TRY(reader.structure(root, operation.input == nullptr ? nothing : *operation.input, 0));
  if (dialect == FormDialect::ec2) {
    for (const auto& [name, branch] : root.children) {
      if (branch.used || is_common(name)) continue;
      Error error{Code::invalid_params, fmt::format("The parameter {} is not recognized", name)};
      error.operation = fmt::format("{}.{}", model.service(), operation.name);
      error.resource = name;
      return fail(std::move(error));
    }
  }
  return reader.finish();
}

}  // namespace reeve::aws
