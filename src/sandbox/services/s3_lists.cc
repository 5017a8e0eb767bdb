#include <fmt/format.h>

#include "sandbox/services/s3.h"

/// Configurations of which a bucket has many, each with an id: inventories, analytics, metrics, intelligent tiering.
namespace reeve::sandbox {
namespace {

struct ListKind {
  BucketList which;
  std::string_view word;    ///< "Inventory" of PutBucketInventoryConfiguration
  std::string_view member;  ///< of requests and answers
};
constexpr auto kinds = std::to_array<ListKind>({
    {BucketList::inventory, "Inventory", "InventoryConfiguration"},
    {BucketList::analytics, "Analytics", "AnalyticsConfiguration"},
    {BucketList::metrics, "Metrics", "MetricsConfiguration"},
    {BucketList::tiering, "IntelligentTiering", "IntelligentTieringConfiguration"},
});

struct Listed {
  Document& all;
  const ListKind& kind;
};

std::expected<Listed, Fault> list_of(Call& c) {
  TRY(const Place place, bucket_of(c));
  for (const ListKind& kind : kinds) {
    if (c.operation.find(fmt::format("Bucket{}Configuration", kind.word)) != std::string_view::npos) {
      return Listed{place.bucket.lists[static_cast<std::size_t>(kind.which)], kind};
    }
  }
  REEVE_ASSERT(false);
}

std::unexpected<Fault> none() {
  return fault("NoSuchConfiguration", "The specified configuration does not exist.", 404);
}

/// The list with one of its members changed; a null value takes it out.
Document changed(Value all, std::string_view id, Value with) {
  std::map<std::string_view, Value> rows;
  for (auto [key, value] : all.entries()) rows.emplace(key, value);
  rows.erase(id);
  if (!with.is_null()) rows.emplace(id, with);
  Builder out;
  out.begin_map();
  for (const auto& [key, value] : rows) out.put(key, value);
  out.end();
  return out.finish();
}

Outcome put(Call& c) {
  TRY(const Listed listed, list_of(c));
  const Value configuration = c[listed.kind.member];
  const std::string id = c["Id"].as_string();
  if (!configuration.is_map() || configuration["Id"].as_text() != id) return malformed_xml();
  constexpr std::size_t most = 1'000;  // of each kind in a bucket
  if (listed.all.root().size() >= most && !listed.all.root().find(id)) {
    return fault("TooManyConfigurations",
                 "You are attempting to create a new configuration but have already reached the 1,000-configuration "
                 "limit.");
  }
  listed.all = changed(listed.all, id, configuration);
  return {};
}

Outcome get(Call& c) {
  TRY(const Listed listed, list_of(c));
  const auto found = listed.all.root().find(c["Id"].as_text());
  if (!found) return none();
  c.out.put(listed.kind.member, *found);
  return {};
}

Outcome remove(Call& c) {
  TRY(const Listed listed, list_of(c));
  const std::string id = c["Id"].as_string();
  if (!listed.all.root().find(id)) return none();
  listed.all = changed(listed.all, id, {});
  return {};
}

Outcome list(Call& c) {
  constexpr std::size_t page = 100;  // API reference: "ListBucketInventoryConfigurations"
  TRY(const Listed listed, list_of(c));
  const std::string_view after = c["ContinuationToken"].as_text();
  std::size_t count = 0;
  std::string_view last, next;
  c.out.begin_list(fmt::format("{}List", listed.kind.member));
  for (auto [id, configuration] : listed.all.root().entries()) {
    if (id <= after) continue;
    if (count++ == page) {
      next = last;
      break;
    }
    last = id;
    c.out.add(configuration);
  }
  c.out.end();
  c.out.put("IsTruncated", !next.empty());
  c.out.put_if("ContinuationToken", after);
  c.out.put_if("NextContinuationToken", next);
  return {};
}

}  // namespace

void register_s3_lists(Registry& r) {
  for (const ListKind& kind : kinds) {
    r.add("s3", fmt::format("PutBucket{}Configuration", kind.word), put);
    r.add("s3", fmt::format("GetBucket{}Configuration", kind.word), get);
    r.add("s3", fmt::format("DeleteBucket{}Configuration", kind.word), remove);
    r.add("s3", fmt::format("ListBucket{}Configurations", kind.word), list);
  }
}

}  // namespace reeve::sandbox
