#include <algorithm>

#include "estate/kind.h"
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
  Document params(Value map, std::string_view key = "params") {
    const Value value = map[key];
    if (value.is_null()) return {};
    if (!value.is_map()) wrong(value, "'" + std::string(key) + "' must be a map");
    return file_.document().part(value);
  }
  std::map<std::string, std::string> text_map(Value map, std::string_view key) {
    const Value value = map[key];
    std::map<std::string, std::string> out;
    if (!value.is_null() && !value.is_map()) wrong(value, "'" + std::string(key) + "' must be a map of texts");
    for (const auto [name, item] : value.entries()) {
      if (!item.is_text()) wrong(item, "'" + std::string(name) + "' must be a text");
      out.emplace(name, item.as_string());
    }
    return out;
  }
  /// A text, or a list of texts.
  std::vector<std::string> some_texts(Value map, std::string_view key) {
    if (map[key].is_text()) return {map[key].as_string()};
    return texts(map, key);
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
  in.only(map, {"operation", "params", "path", "carry", "item", "of"});
  return {in.text(map, "operation", true), in.params(map),       in.text(map, "path", true),
          in.texts(map, "carry"),          in.text(map, "item"), in.text(map, "of")};
}

ReadById read_get(Descriptor& in, Value map, const Read& list) {
  ReadById out;
  if (map.is_null() || map.as_text() == "listing") return out;
  in.only(map, {"operation", "params", "path", "carry", "filter", "parameter", "each", "batch"});
  int ways = 0;
  const auto way = [&](std::string_view key, ReadById::How how) {
    if (map[key].is_null()) return;
    out.how = how;
    out.name = in.text(map, key);
    ++ways;
  };
  way("filter", ReadById::How::filter);
  way("parameter", ReadById::How::parameter);
  way("each", ReadById::How::each);
  if (ways != 1) in.wrong(map, "'get' needs one of 'filter', 'parameter' and 'each'");
  // What is not said is as in the listing.
  out.operation = in.text(map, "operation");
  if (out.operation.empty()) out.operation = list.operation;
  out.path = in.text(map, "path");
  if (out.path.empty()) out.path = list.path;
  out.batch = out.how == ReadById::How::each ? 1 : in.batch(map, out.batch);
  out.params = map["params"].is_null() && out.operation == list.operation ? list.params : in.params(map);
  out.carry = map["carry"].is_null() ? list.carry : in.texts(map, "carry");
  return out;
}

Column read_column(Descriptor& in, std::string_view name, Value map, const std::string& service) {
  in.only(map, {"service", "operation", "params", "path", "batch", "filter", "ids_parameter", "match", "by", "take",
                "gather", "absent", "spread", "members", "first_page"});
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
  if (auto by = in.text(map, "by"); !by.empty()) out.by = std::move(by);
  out.take = in.text(map, "take");
  out.gather = in.boolean(map, "gather");
  out.first_page = in.boolean(map, "first_page");
  out.absent = in.texts(map, "absent");
  out.spread = in.boolean(map, "spread");
  out.members = in.texts(map, "members");
  const bool batched = !out.filter.empty() || !out.ids_parameter.empty();
  if (batched != !out.match.empty()) in.wrong(map, "'match' goes with one of 'filter' and 'ids_parameter'");
  if (!batched && out.batch != 1) in.wrong(map, "'batch' needs 'filter' or 'ids_parameter'");
  if (!batched && (out.gather || !out.take.empty() || !map["by"].is_null()))
    in.wrong(map, "'by', 'take' and 'gather' need 'filter' or 'ids_parameter'");
  if (!out.spread && !out.members.empty()) in.wrong(map, "'members' goes with 'spread'");
  return out;
}

/// A document from YAML text of our own.
Document own_params(std::string_view yaml) {
  const auto parsed = text::parse_yaml(yaml, "own");
  REEVE_ASSERT(parsed.has_value());
  return parsed->document();
}

TagCall read_tag_call(Descriptor& in, Value map, const Kind& kind) {
  in.only(map, {"service", "operation", "params", "member", "form", "item"});
  TagCall out;
  out.service = in.text(map, "service");
  if (out.service.empty()) out.service = kind.service;
  out.operation = in.text(map, "operation", true);
  out.params = in.params(map);
  if (auto member = in.text(map, "member"); !member.empty()) out.member = std::move(member);
  out.item = in.params(map, "item");
  const auto form = in.text(map, "form");
  using Form = TagCall::Form;
  const std::pair<std::string_view, Form> forms[] = {
      {"", Form::list},     {"list", Form::list},         {"kms_list", Form::kms_list}, {"map", Form::map},
      {"keys", Form::keys}, {"key_list", Form::key_list}, {"nothing", Form::nothing}};
  const auto found = std::ranges::find(forms, std::string_view(form), &std::pair<std::string_view, Form>::first);
  if (found == std::end(forms)) {
    in.wrong(map["form"], "a form of tags is one of: list, kms_list, map, keys, key_list, nothing");
  } else {
    out.form = found->second;
  }
  return out;
}

Column universal_tags(const Kind& kind) {
  Column out;
  out.name = kind.tags;
  out.service = "resourcegroupstaggingapi";
  out.operation = "GetResources";
  out.path = "ResourceTagMappingList";
  out.batch = 100;
  out.ids_parameter = "ResourceARNList";
  out.match = "ResourceARN";
  out.by = "{arn}";
  out.take = "Tags";
  return out;
}

void read_tags(Descriptor& in, Value map, Kind& kind) {
  if (!map.is_null()) in.only(map, {"style", "member", "read", "add", "remove", "most"});
  const auto style = map.is_null() ? "ec2" : in.text(map, "style", true);
  const std::pair<std::string_view, TagStyle> styles[] = {{"ec2", TagStyle::ec2},
                                                          {"none", TagStyle::none},
                                                          {"universal", TagStyle::universal},
                                                          {"own", TagStyle::own},
                                                          {"whole", TagStyle::whole}};
  const auto found = std::ranges::find(styles, std::string_view(style), &std::pair<std::string_view, TagStyle>::first);
  if (found == std::end(styles)) {
    return in.wrong(map["style"], "a tag style is one of: ec2, universal, own, whole, none");
  }
  kind.tag_style = found->second;
  // Policies know tags as "Tags", whatever AWS calls them here.
  if (const auto member = in.text(map, "member"); !member.empty() && member != kind.tags) {
    kind.rename.emplace(member, kind.tags);
  }
  if (const Value most = map["most"]; !most.is_null()) {
    kind.most_tags = static_cast<std::size_t>(std::max<std::int64_t>(1, most.as_integer()));
  }
  const Value read = map["read"];
  if (read.as_text() == "universal") {
    kind.columns.push_back(universal_tags(kind));
  } else if (!read.is_null()) {
    kind.columns.push_back(read_column(in, kind.tags, read, kind.service));
  }
  using Form = TagCall::Form;
  const bool own = kind.tag_style == TagStyle::own || kind.tag_style == TagStyle::whole;
  if (own != !map["add"].is_null() || own != !map["remove"].is_null())
    in.wrong(map, "'add' and 'remove' go with the styles own and whole");
  if (own) {
    kind.add_tags = read_tag_call(in, map["add"], kind);
    kind.remove_tags = read_tag_call(in, map["remove"], kind);
  } else if (kind.tag_style == TagStyle::ec2) {
    const Document params = own_params("Resources: [\"{id}\"]");
    kind.add_tags = {.service = "ec2", .operation = "CreateTags", .params = params};
    kind.remove_tags = {.service = "ec2", .operation = "DeleteTags", .params = params, .form = Form::key_list};
  } else if (kind.tag_style == TagStyle::universal) {
    const Document params = own_params("ResourceARNList: [\"{arn}\"]");
    const std::string service = "resourcegroupstaggingapi";
    kind.add_tags = {.service = service, .operation = "TagResources", .params = params, .form = Form::map};
    kind.remove_tags = {
        .service = service, .operation = "UntagResources", .params = params, .member = "TagKeys", .form = Form::keys};
  }
}

void read_metrics(Descriptor& in, Value map, Kind& kind) {
  if (map.is_null()) return;
  in.only(map, {"namespace", "dimensions"});
  kind.metrics = {.space = in.text(map, "namespace", true), .dimensions = in.text_map(map, "dimensions")};
}

}  // namespace

Result<std::unique_ptr<Kind>> Kinds::parse(std::string_view yaml, std::string_view file_name) {
  TRY(const YamlFile file, text::parse_yaml(yaml, file_name, {.duplicate_keys_are_errors = true}));
  const Value root = file.root();
  Descriptor in(file);
  auto kind = std::make_unique<Kind>();
  in.only(root, {"format",  "kind",
                 "aliases", "service",
                 "global",  "region",
                 "id",      "title",
                 "date",    "arn",
                 "tags",    "rename",
                 "derive",  "list",
                 "get",     "query",
                 "show",    "columns",
                 "metrics", "relations",
                 "census",  "small_default_limit"});
  if (root["format"].as_integer() != current_format) in.wrong(root, "'format: 1' is expected");
  kind->name = in.text(root, "kind", true);
  kind->aliases = in.texts(root, "aliases");
  kind->service = in.text(root, "service", true);
  kind->global = in.boolean(root, "global");
  kind->region = in.text(root, "region");
  kind->id = in.text(root, "id", true);
  kind->title = in.text(root, "title");
  if (kind->title.empty()) kind->title = kind->id;
  kind->dates = in.some_texts(root, "date");
  if (!kind->dates.empty()) kind->date = kind->dates.front();
  kind->arn = in.text(root, "arn", true);
  kind->rename = in.text_map(root, "rename");
  kind->derive = in.text_map(root, "derive");
  kind->list = read_list(in, root["list"]);
  kind->get = read_get(in, root["get"], kind->list);
  kind->query_keys = in.texts(root, "query");
  for (const auto [name, column] : root["columns"].entries()) {
    kind->columns.push_back(read_column(in, name, column, kind->service));
  }
  read_tags(in, root["tags"], *kind);
  kind->relations = in.text_map(root, "relations");
  kind->census = in.texts(root, "census");
  kind->small_default_limit = in.boolean(root, "small_default_limit");
  kind->show = in.texts(root, "show");
  read_metrics(in, root["metrics"], *kind);
  if (in.error_) return fail(std::move(*in.error_));
  return kind;
}

}  // namespace reeve::estate
