#include "aws/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/json.h"

namespace reeve::aws {
namespace {

/// Lines of one description: models that refer to themselves, or hold thousands of members, end somewhere.
constexpr std::size_t most_lines = 1000;
constexpr std::size_t most_values = 12;  // of an enumeration: what fits a line

std::string_view type_name(ShapeType type) {
  switch (type) {
    case ShapeType::structure:
      return "structure";
    case ShapeType::list:
      return "list";
    case ShapeType::map:
      return "map";
    case ShapeType::string:
      return "text";
    case ShapeType::blob:
      return "bytes";
    case ShapeType::boolean:
      return "boolean";
    case ShapeType::timestamp:
      return "time";
    case ShapeType::float_number:
    case ShapeType::double_number:
      return "number";
    default:
      return "integer";
  }
}

/// "list of map of text"; gives the shape at the end of it.
std::string type_of(const Shape* shape, const Shape*& last) {
  last = shape;
  if (shape == nullptr || shape->document) return "any JSON";
  if (shape->type == ShapeType::list && shape->item.shape != nullptr) {
    return "list of " + type_of(shape->item.shape, last);
  }
  if (shape->type == ShapeType::map && shape->map_value.shape != nullptr) {
    return "map of " + type_of(shape->map_value.shape, last);
  }
  return std::string(type_name(shape->type));
}

class Lines {
 public:
  void members(const Shape& shape) {
    within_.push_back(&shape);
    for (const Member& member : shape.members) {
      if (++count_ > most_lines) {
        if (count_ == most_lines + 1) text_ += "  …\n";
        break;
      }
      const Shape* last = nullptr;
      const std::string type = type_of(member.shape, last);
      text_.append(2 * within_.size(), ' ');
      text_ += fmt::format("{}: {}", member.name, type);
      if (last != nullptr) note(*last, member);
      text_ += '\n';
      const bool inside = last != nullptr && last->type == ShapeType::structure && !last->document;
      if (inside && std::ranges::find(within_, last) == within_.end()) members(*last);
    }
    within_.pop_back();
  }
  std::string take() { return std::move(text_); }

 private:
  void note(const Shape& last, const Member& member) {
    if (member.required) text_ += ", required";
    if (last.union_type) text_ += ", one of";
    if (last.event_stream) text_ += ", a stream of events";
    if (std::ranges::find(within_, &last) != within_.end()) text_ += ", as above";
    if (last.enum_values.empty()) return;
    const auto shown = last.enum_values.first(std::min(most_values, last.enum_values.size()));
    text_ += fmt::format(" ({}{})", fmt::join(shown, " | "), shown.size() < last.enum_values.size() ? " | …" : "");
  }

  std::string text_;
  std::vector<const Shape*> within_;
  std::size_t count_ = 0;
};

class Skeleton {
 public:
  std::string of(const Shape& shape) {
    const bool any_required = std::ranges::any_of(shape.members, &Member::required);
    structure(shape, !any_required);
    return to_json(builder_.finish(), 2);
  }

 private:
  void structure(const Shape& shape, bool all) {
    within_.push_back(&shape);
    builder_.begin_map();
    for (const Member& member : shape.members) {
      const bool wanted = all || member.required || (shape.union_type && &member == shape.members.data());
      if (!wanted || member.shape == nullptr || member.shape->event_stream || member.idempotency_token) continue;
      builder_.key(member.name);
      value(*member.shape);
    }
    builder_.end();
    within_.pop_back();
  }

  void value(const Shape& shape) {
    const bool inside = std::ranges::find(within_, &shape) != within_.end();
    switch (shape.document || inside ? ShapeType::structure : shape.type) {
      case ShapeType::structure:
        if (!shape.document && !inside) return structure(shape, false);
        builder_.begin_map();
        return builder_.end();
      case ShapeType::list:
        within_.push_back(&shape);
        builder_.begin_list();
        if (shape.item.shape != nullptr) value(*shape.item.shape);
        builder_.end();
        return within_.pop_back();
      case ShapeType::map:
        within_.push_back(&shape);
        builder_.begin_map();
        if (shape.map_value.shape != nullptr) {
          builder_.key("KEY");
          value(*shape.map_value.shape);
        }
        builder_.end();
        return within_.pop_back();
      case ShapeType::boolean:
        return builder_.add(false);
      case ShapeType::timestamp:
        return builder_.add("2026-01-19T00:00:00Z");
      case ShapeType::string:
        return builder_.add(shape.enum_values.empty() ? std::string_view{} : shape.enum_values.front());
      case ShapeType::blob:
        return builder_.add("");
      default:
        return builder_.add(0);
    }
  }

  Builder builder_;
  std::vector<const Shape*> within_;
};

}  // namespace

std::string describe_parameters(const Operation& operation) {
  if (operation.input == nullptr) return {};
  Lines lines;
  lines.members(*operation.input);
  return lines.take();
}

std::string parameters_skeleton(const Operation& operation) {
  return operation.input == nullptr ? "{}" : Skeleton().of(*operation.input);
}

}  // namespace reeve::aws
