#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "sandbox/listing.h"

/// CreateTags, DeleteTags and DescribeTags over all that bears tags.
namespace reeve::sandbox {
namespace {

/// Something with tags, wherever it is kept.
struct Tagged {
  std::string_view type;
  Tags* tags = nullptr;
};

template <class T>
bool look(Call& c, Table<T>& table, const std::string& id, std::string_view type, bool change, Tagged& out) {
  T* row = table.find(id);
  if (!row) return false;
  if (change) c.changing(table, id);
  out = {type, &row->tags};
  return true;
}

Tagged find_tagged(Call& c, const std::string& id, bool change) {
  Tagged out;
  Region& r = c.region;
  [[maybe_unused]] const bool found =
      look(c, r.snapshots, id, "snapshot", change, out) || look(c, r.volumes, id, "volume", change, out) ||
      look(c, r.instances, id, "instance", change, out) || look(c, r.images, id, "image", change, out) ||
      look(c, r.launch_templates, id, "launch-template", change, out) || look(c, r.vpcs, id, "vpc", change, out) ||
      look(c, r.subnets, id, "subnet", change, out) || look(c, r.security_groups, id, "security-group", change, out);
  return out;
}

Fault nowhere(std::string_view id) {
  if (id.starts_with("snap-")) return no_snapshot(id);
  if (id.starts_with("vol-")) return no_volume(id);
  if (id.starts_with("i-")) return no_instance(id);
  if (id.starts_with("ami-")) return no_image(id);
  return {"InvalidID", fmt::format("The ID '{}' is not valid", id)};
}

/// All resources of a call, or the fault of the first that is missing: nothing changes then.
std::expected<std::vector<Tagged>, Fault> resources(Call& c) {
  constexpr std::size_t most = 1000;
  const auto ids = texts(c["Resources"]);
  if (ids.empty()) return missing("resourceIdSet");
  if (ids.size() > most) return fault("InvalidParameterValue", "Up to 1000 resources can be tagged in one request");
  for (std::string_view id : ids) {
    if (!find_tagged(c, std::string(id), false).tags) return std::unexpected(nowhere(id));
  }
  std::vector<Tagged> out;
  for (std::string_view id : ids) out.push_back(find_tagged(c, std::string(id), true));
  return out;
}

Outcome create(Call& c) {
  if (c["Tags"].empty()) return missing("tagSet");
  TRY(const Tags tags, read_tags(c["Tags"]));
  TRY(const auto all, resources(c));
  for (const Tagged& one : all) {
    Tags trial = *one.tags;
    TRY(merge_tags(trial, tags));
  }
  for (const Tagged& one : all) TRY(merge_tags(*one.tags, tags));
  return {};
}

Outcome remove(Call& c) {
  TRY(const auto all, resources(c));
  for (Value tag : c["Tags"].items()) {
    if (tag["Key"].as_text().starts_with("aws:")) {
      return fault("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
    }
  }
  for (const Tagged& one : all) {
    if (c["Tags"].empty()) {
      std::erase_if(*one.tags, [](const auto& tag) { return !tag.first.starts_with("aws:"); });
    }
    for (Value tag : c["Tags"].items()) {
      auto at = one.tags->find(tag["Key"].as_text());
      if (at == one.tags->end()) continue;
      if (tag["Value"].is_null() || tag["Value"].as_text() == at->second) one.tags->erase(at);
    }
  }
  return {};
}

/// One tag of a resource. Its views are of the resource's row.
struct TagRow {
  std::string_view resource, type, key, value;
};

constexpr std::array<Field<TagRow>, 4> fields{{
    {"key", [](const TagRow& t, TextTest test) { return test(t.key); }},
    {"value", [](const TagRow& t, TextTest test) { return test(t.value); }},
    {"resource-id", [](const TagRow& t, TextTest test) { return test(t.resource); }},
    {"resource-type", [](const TagRow& t, TextTest test) { return test(t.type); }},
}};

bool wanted(const std::vector<Bound<TagRow>>& filters, const TagRow& row) {
  return std::ranges::all_of(filters, [&](const Bound<TagRow>& bound) {
    if (bound.field) return bound.field->any(row, bound.test);
    const Filter& filter = *bound.filter;
    return filter.tag.empty() ? filter.matches(row.key) : row.key == filter.tag && filter.matches(row.value);
  });
}

/// What stands before the tags that come later: "snap-…" and the key.
std::string place_of(const TagRow& row) { return fmt::format("{}\x01{}", row.resource, row.key); }

/// Adds the tags of a table's rows that a call asks for.
template <class T>
void collect(const Call& c, const Table<T>& table, std::string_view type, const std::vector<Filter>& filters,
             const std::vector<Bound<TagRow>>& bound, std::vector<TagRow>& out) {
  auto take = [&](const T& row) {
    for (const auto& [key, value] : row.tags) {
      const TagRow tag{row.id, type, key, value};
      if (wanted(bound, tag)) out.push_back(tag);
    }
    return true;
  };
  const Filter* types = id_filter(filters, "resource-type");
  if (types && !types->matches(type)) return;
  const Filter* ids = id_filter(filters, "resource-id");
  if (!ids) return table.each_seen(c.now, "", take);
  for (const std::string& id : ids->exact) {
    if (const T* row = table.seen(id, c.now)) take(*row);
  }
}

Outcome describe(Call& c) {
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, fields));
  TRY(const Page page, read_page(c, false));
  std::vector<TagRow> all;
  const Region& r = c.region;
  auto add = [&](const auto& table, std::string_view type) { collect(c, table, type, filters, bound, all); };
  add(r.snapshots, "snapshot"), add(r.volumes, "volume");
  add(r.instances, "instance"), add(r.images, "image");
  add(r.launch_templates, "launch-template"), add(r.vpcs, "vpc");
  add(r.subnets, "subnet"), add(r.security_groups, "security-group");
  std::ranges::sort(all, {}, [](const TagRow& row) { return std::pair(row.resource, row.key); });
  if (!page.after.empty()) {
    const auto at = page.after.find('\x01');
    const std::pair<std::string_view, std::string_view> after{
        std::string_view(page.after).substr(0, at),
        at == page.after.npos ? "" : std::string_view(page.after).substr(at + 1)};
    std::erase_if(all, [&](const TagRow& row) { return std::pair(row.resource, row.key) <= after; });
  }
  const std::size_t size = std::min(page.size, all.size());
  c.out.begin_list("Tags");
  for (const TagRow& tag : std::span(all).first(size)) {
    c.out.begin_map();
    c.out.put("Key", tag.key);
    c.out.put("ResourceId", tag.resource);
    c.out.put("ResourceType", tag.type);
    c.out.put("Value", tag.value);
    c.out.end();
  }
  c.out.end();
  if (size < all.size()) c.out.put("NextToken", make_token(c, c.account.id, place_of(all[size - 1])));
  return {};
}

}  // namespace

void register_ec2_tags(Registry& r) {
  r.add("ec2", "CreateTags", create);
  r.add("ec2", "DeleteTags", remove);
  r.add("ec2", "DescribeTags", describe);
}

}  // namespace reeve::sandbox
