#include <fmt/format.h>

#include <algorithm>

#include "sandbox/listing.h"

/// The Resource Groups Tagging API: tags of all services that show what bears them (Drawer::each_tagged), and EC2's.
namespace reeve::sandbox {
namespace {

struct Tagged {
  std::string arn;
  std::string_view type;
  Tags* tags;
};

std::unexpected<Fault> not_valid(std::string message) { return fault("InvalidParameterException", std::move(message)); }

template <class T>
void look(const Call& c, Table<T>& table, std::string_view type, std::vector<Tagged>& out) {
  const std::string_view tail = type.substr(type.find(':') + 1);
  for (auto& [id, row] : table.rows) {
    out.push_back({fmt::format("arn:aws:ec2:{}:{}:{}/{}", c.region.name, c.account.id, tail, id), type, &row.tags});
  }
}

/// All that may bear tags in the call's region, in the order of ARNs. What IAM has stands in its home region.
std::vector<Tagged> all_tagged(Call& c) {
  std::vector<Tagged> out;
  Region& r = c.region;
  look(c, r.snapshots, "ec2:snapshot", out);
  look(c, r.volumes, "ec2:volume", out);
  look(c, r.instances, "ec2:instance", out);
  look(c, r.images, "ec2:image", out);
  look(c, r.launch_templates, "ec2:launch-template", out);
  look(c, r.vpcs, "ec2:vpc", out);
  look(c, r.subnets, "ec2:subnet", out);
  look(c, r.security_groups, "ec2:security-group", out);
  for (auto& [id, rule] : r.bin_rules.rows) {
    out.push_back({fmt::format("arn:aws:rbin:{}:{}:rule/{}", r.name, c.account.id, id), "rbin:rule", &rule.tags});
  }
  const TagVisitor take = [&](const std::string& arn, std::string_view type, Tags& tags) {
    out.push_back({arn, type, &tags});
  };
  for (const auto& [name, drawer] : r.drawers) drawer->each_tagged({c.account.id, r.name}, take);
  if (r.name == "us-east-1") {
    for (const auto& [name, drawer] : c.account.drawers) drawer->each_tagged({c.account.id, ""}, take);
  }
  std::ranges::sort(out, {}, &Tagged::arn);
  return out;
}

/// Whether one of the filters asks for resources of this type: "ec2" or "ec2:snapshot".
bool of_type(const std::vector<std::string_view>& filters, std::string_view type) {
  return filters.empty() || std::ranges::any_of(filters, [&](std::string_view filter) {
           return type == filter || type.substr(0, type.find(':')) == filter;
         });
}

/// Whether the tags pass all of the filters, each by any of its values.
bool passes(Value filters, const Tags& tags) {
  for (const Value filter : filters.items()) {
    const auto tag = tags.find(filter["Key"].as_text());
    if (tag == tags.end()) return false;
    const auto values = texts(filter["Values"]);
    if (!values.empty() && !has(values, tag->second)) return false;
  }
  return true;
}

Outcome check(const Call& c) {
  constexpr std::size_t most_filters = 50, most_values = 20, most_arns = 100;
  const bool by_arn = !c["ResourceARNList"].empty();
  if (by_arn && (!c["TagFilters"].empty() || !c["ResourceTypeFilters"].empty() || !c["ResourcesPerPage"].is_null())) {
    return not_valid("ResourceARNList cannot be used together with filters or pages.");
  }
  if (c["ResourceARNList"].size() > most_arns) return not_valid("ResourceARNList has 100 ARNs at most.");
  if (c["TagFilters"].size() > most_filters) return not_valid("TagFilters has 50 filters at most.");
  for (const Value filter : c["TagFilters"].items()) {
    if (filter["Key"].as_text().empty()) return not_valid("A tag filter has a key.");
    if (filter["Values"].size() > most_values) return not_valid("A tag filter has 20 values at most.");
  }
  return {};
}

std::expected<Page, Fault> page_of(const Call& c, std::string_view size_member, std::size_t usual, std::int64_t most) {
  auto page = read_page(c, false, 1, most, size_member, "PaginationToken");
  if (!page && page.error().code == "InvalidNextToken") {
    return fault("PaginationTokenExpiredException", "The PaginationToken is not valid or has expired.");
  }
  if (!page) return not_valid(page.error().message);
  if (c[size_member].is_null()) page->size = usual;
  return page;
}

void write(Call& c, const Tagged& one) {
  c.out.begin_map();
  c.out.put("ResourceARN", one.arn);
  c.out.begin_list("Tags");
  for (const auto& [key, value] : *one.tags) {
    c.out.begin_map();
    c.out.put("Key", key);
    c.out.put("Value", value);
    c.out.end();
  }
  c.out.end();
  if (c["IncludeComplianceDetails"].as_bool()) {  // nobody has a tag policy here
    c.out.begin_map("ComplianceDetails");
    c.out.put("ComplianceStatus", true);
    c.out.end();
  }
  c.out.end();
}

/// Resources that have tags; those without are not told of, as AWS does.
Outcome get_resources(Call& c) {
  TRY(check(c));
  constexpr std::size_t usual = 50;
  TRY(const Page page, page_of(c, "ResourcesPerPage", usual, 100));
  const auto types = texts(c["ResourceTypeFilters"]), arns = texts(c["ResourceARNList"]);
  const auto tags_a_page = static_cast<std::size_t>(std::max<std::int64_t>(c["TagsPerPage"].as_integer(), 0));
  std::string last;
  std::size_t count = 0, tags = 0;
  bool more = false;
  c.out.begin_list("ResourceTagMappingList");
  for (const Tagged& one : all_tagged(c)) {
    const bool wanted = !one.tags->empty() && of_type(types, one.type) && passes(c["TagFilters"], *one.tags) &&
                        (arns.empty() || has(arns, one.arn));
    if (!wanted || (!page.after.empty() && one.arn <= page.after)) continue;
    tags += one.tags->size();
    if (count == page.size || (tags_a_page > 0 && tags > tags_a_page && count > 0)) {
      more = true;
      break;
    }
    write(c, one);
    last = one.arn;
    ++count;
  }
  c.out.end();
  c.out.put("PaginationToken", more ? make_token(c, c.account.id, last) : std::string());
  return {};
}

Outcome write_texts(Call& c, std::string_view name, const std::set<std::string>& all) {
  constexpr std::size_t a_page = 100;
  TRY(const Page page, page_of(c, "", a_page, 100));
  std::string last;
  std::size_t count = 0;
  bool more = false;
  c.out.begin_list(name);
  for (const std::string& text : all) {
    if (!page.after.empty() && text <= page.after) continue;
    if (count++ == page.size) {
      more = true;
      break;
    }
    c.out.add(text);
    last = text;
  }
  c.out.end();
  c.out.put("PaginationToken", more ? make_token(c, c.account.id, last) : std::string());
  return {};
}

Outcome get_keys(Call& c) {
  std::set<std::string> keys;
  for (const Tagged& one : all_tagged(c)) {
    for (const auto& [key, value] : *one.tags) keys.insert(key);
  }
  return write_texts(c, "TagKeys", keys);
}

Outcome get_values(Call& c) {
  const std::string_view wanted = c["Key"].as_text();
  if (wanted.empty()) return not_valid("Key is missing.");
  std::set<std::string> values;
  for (const Tagged& one : all_tagged(c)) {
    if (const auto tag = one.tags->find(wanted); tag != one.tags->end()) values.insert(tag->second);
  }
  return write_texts(c, "TagValues", values);
}

/// Calls `change(tags)` for each resource of the call and writes those that failed, each with the reason.
template <class Change>
Outcome change_each(Call& c, Change change) {
  constexpr std::size_t most = 20;
  const auto arns = texts(c["ResourceARNList"]);
  if (arns.empty() || arns.size() > most) return not_valid("ResourceARNList has 1 to 20 ARNs.");
  const std::vector<Tagged> all = all_tagged(c);
  c.out.begin_map("FailedResourcesMap");
  for (const std::string_view arn : arns) {
    const auto found = std::ranges::find(all, arn, &Tagged::arn);
    std::string problem;
    if (found == all.end()) {
      problem = fmt::format("Resource {} was not found in {}.", arn, c.region.name);
    } else {
      problem = change(*found->tags);
    }
    if (problem.empty()) continue;
    c.out.begin_map(arn);
    c.out.put("StatusCode", 400);
    c.out.put("ErrorCode", "InvalidParameterException");
    c.out.put("ErrorMessage", problem);
    c.out.end();
  }
  c.out.end();
  return {};
}

Outcome tag(Call& c) {
  constexpr std::size_t longest_key = 128, longest_value = 256;
  Tags tags;
  for (auto [key, value] : c["Tags"].entries()) {
    if (key.starts_with("aws:")) return not_valid("Tag keys starting with 'aws:' are reserved for internal use");
    if (key.empty() || key.size() > longest_key || value.as_text().size() > longest_value) {
      return not_valid(fmt::format("The tag '{}' is too long or empty.", key));
    }
    tags.emplace(key, value.as_text());
  }
  if (tags.empty()) return not_valid("Tags is missing.");
  return change_each(c, [&](Tags& into) {
    const auto done = merge_tags(into, tags);
    return done ? std::string() : done.error().message;
  });
}

Outcome untag(Call& c) {
  const auto keys = texts(c["TagKeys"]);
  if (keys.empty()) return not_valid("TagKeys is missing.");
  return change_each(c, [&](Tags& from) {
    for (const std::string_view key : keys) {
      if (auto at = from.find(key); at != from.end()) from.erase(at);
    }
    return std::string();
  });
}

}  // namespace

void register_tagging(Registry& r) {
  constexpr std::string_view service = "resourcegroupstaggingapi";
  r.add(service, "GetResources", get_resources);
  r.add(service, "GetTagKeys", get_keys);
  r.add(service, "GetTagValues", get_values);
  r.add(service, "TagResources", tag);
  r.add(service, "UntagResources", untag);
}

}  // namespace reeve::sandbox
