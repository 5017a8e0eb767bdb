#include "estate/kind.h"

#include <algorithm>
#include <span>

#include "estate/embedded.h"
#include "text/yaml.h"

namespace reeve::estate {
namespace {

using text::YamlFile;

constexpr std::int64_t current_format = 1;

/// Reads the maps of one descriptor; keeps the first mistake.
class Descriptor {
 public:
  explicit Descriptor(const YamlFile& file) : file_(file) {}

  void wrong(Value at, std::string message) {
    if (error_) return;
    error_ = Error{Code::invalid_input, "kind descriptor: " + std::move(message)};
    error_->resource = file_.place(at);
  }

  void only(Value map, std::initializer_list<std::string_view> allowed) {
    if (!map.is_map()) return wrong(map, "a map is expected here");
    for (const auto [key, value] : map.entries()) {
      if (std::ranges::find(allowed, key) == allowed.end()) wrong(value, "unknown key '" + std::string(key) + "'");
    }
  }
  std::string text(Value map, std::string_view key, bool required = false) {
    const Value value = map[key];
    if (value.is_text()) return value.as_string();
    if (!value.is_null()) wrong(value, "'" + std::string(key) + "' must be a text");
    if (value.is_null() && required) wrong(map, "'" + std::string(key) + "' is missing");
    return {};
  }
  std::vector<std::string> texts(Value map, std::string_view key) {
    const Value value = map[key];
    std::vector<std::string> out;
    if (!value.is_null() && !value.is_list()) wrong(value, "'" + std::string(key) + "' must be a list of texts");
    for (const Value item : value.items()) {
      if (!item.is_text()) wrong(item, "an item of '" + std::string(key) + "' must be a text");
      out.push_back(item.as_string());
    }
    return out;
  }
  Document params(Value map) {
    const Value value = map["params"];
    if (value.is_null()) return {};
    if (!value.is_map()) wrong(value, "'params' must be a map");
    return file_.document().part(value);
  }
  std::size_t batch(Value map, std::size_t otherwise) {
    const Value value = map["batch"];
    if (value.is_null()) return otherwise;
    if (value.kind() != reeve::Kind::integer || value.as_integer() < 1)
      wrong(value, "'batch' must be a number above 0");
    return static_cast<std::size_t>(std::max<std::int64_t>(1, value.as_integer()));
  }
  bool boolean(Value map, std::string_view key) {
    const Value value = map[key];
    if (!value.is_null() && value.kind() != reeve::Kind::boolean)
      wrong(value, "'" + std::string(key) + "' must be true or false");
    return value.as_bool();
  }

  std::optional<Error> error_;

 private:
  const YamlFile& file_;
};

Read read_list(Descriptor& in, Value map) {
  in.only(map, {"operation", "params", "path", "carry"});
  return {in.text(map, "operation", true), in.params(map), in.text(map, "path", true), in.texts(map, "carry")};
}

ReadById read_get(Descriptor& in, Value map) {
  in.only(map, {"operation", "params", "path", "carry", "filter", "parameter", "batch"});
  ReadById out;
  out.operation = in.text(map, "operation", true);
  out.filter = in.text(map, "filter");
  out.parameter = in.text(map, "parameter");
  out.path = in.text(map, "path", true);
  out.batch = in.batch(map, out.batch);
  out.params = in.params(map);
  out.carry = in.texts(map, "carry");
  if (out.filter.empty() == out.parameter.empty()) in.wrong(map, "'get' needs one of 'filter' and 'parameter'");
  return out;
}

Column read_column(Descriptor& in, std::string_view name, Value map, const std::string& service) {
  in.only(map, {"service", "operation", "params", "path", "batch", "filter", "ids_parameter", "match"});
  Column out;
  out.name = std::string(name);
  out.service = in.text(map, "service");
  if (out.service.empty()) out.service = service;
  out.operation = in.text(map, "operation", true);
  out.params = in.params(map);
  out.path = in.text(map, "path");
  out.batch = in.batch(map, 1);
  out.ids_parameter = in.text(map, "ids_parameter");
  out.filter = in.text(map, "filter");
  out.match = in.text(map, "match");
  const bool batched = !out.filter.empty() || !out.ids_parameter.empty();
  if (batched != !out.match.empty()) in.wrong(map, "'match' goes with one of 'filter' and 'ids_parameter'");
  if (!batched && out.batch != 1) in.wrong(map, "'batch' needs 'filter' or 'ids_parameter'");
  return out;
}

void read_tags(Descriptor& in, Value map, Kind& kind) {
  if (map.is_null()) return;
  in.only(map, {"style", "member"});
  const auto style = in.text(map, "style", true);
  if (style != "ec2" && style != "none") in.wrong(map["style"], "a tag style is one of: ec2, none");
  kind.tag_style = style == "none" ? TagStyle::none : TagStyle::ec2;
  if (const auto member = in.text(map, "member"); !member.empty()) kind.tags = member;
}

}  // namespace

const Column* Kind::column(std::string_view column_name) const {
  const auto found = std::ranges::find(columns, column_name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

Result<std::unique_ptr<Kind>> Kinds::parse(std::string_view yaml, std::string_view file_name) {
  TRY(const YamlFile file, text::parse_yaml(yaml, file_name, {.duplicate_keys_are_errors = true}));
  const Value root = file.root();
  Descriptor in(file);
  auto kind = std::make_unique<Kind>();
  in.only(root, {"format", "kind", "aliases", "service", "id", "title", "date", "arn", "tags", "list", "get", "query",
                 "columns", "relations", "census", "small_default_limit", "show"});
  if (root["format"].as_integer() != current_format) in.wrong(root, "'format: 1' is expected");
  kind->name = in.text(root, "kind", true);
  kind->aliases = in.texts(root, "aliases");
  kind->service = in.text(root, "service", true);
  kind->id = in.text(root, "id", true);
  kind->title = in.text(root, "title");
  if (kind->title.empty()) kind->title = kind->id;
  kind->date = in.text(root, "date");
  kind->arn = in.text(root, "arn", true);
  read_tags(in, root["tags"], *kind);
  kind->list = read_list(in, root["list"]);
  kind->get = read_get(in, root["get"]);
  kind->query_keys = in.texts(root, "query");
  for (const auto [name, column] : root["columns"].entries()) {
    kind->columns.push_back(read_column(in, name, column, kind->service));
  }
  for (const auto [other, path] : root["relations"].entries()) kind->relations.emplace(other, path.as_text());
  kind->census = in.texts(root, "census");
  kind->small_default_limit = in.boolean(root, "small_default_limit");
  kind->show = in.texts(root, "show");
  if (in.error_) return fail(std::move(*in.error_));
  return kind;
}

Result<std::shared_ptr<const Kinds>> Kinds::embedded() {
  auto kinds = std::make_shared<Kinds>();
  for (const EmbeddedFile& file : std::span(reeve_kinds, reeve_kinds_count)) {
    TRY(auto kind, parse({file.begin, file.end}, file.name));
    kinds->kinds_.push_back(std::move(kind));
  }
  std::ranges::sort(kinds->kinds_, {}, [](const auto& kind) { return kind->name; });
  return kinds;
}

const Kind* Kinds::find(std::string_view name) const {
  if (name.starts_with("aws.")) name.remove_prefix(4);
  for (const auto& kind : kinds_) {
    if (kind->name == name || std::ranges::find(kind->aliases, name) != kind->aliases.end()) return kind.get();
  }
  return nullptr;
}

std::vector<std::string> Kinds::names() const {
  std::vector<std::string> out;
  for (const auto& kind : kinds_) out.push_back(kind->name);
  return out;
}

}  // namespace reeve::estate
