#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sandbox/listing.h"

/// Regions, zones and the default network, as far as they are described.
namespace reeve::sandbox {
namespace {

/// A row of a list that is not kept, only described.
struct Place {
  std::string id, zone_id, opt_in;
  Tags tags;
};

constexpr std::array<Field<Place>, 3> region_fields{{
    {"region-name", [](const Place& p, TextTest t) { return t(p.id); }},
    {"opt-in-status", [](const Place& p, TextTest t) { return t(p.opt_in); }},
    {"endpoint", [](const Place& p, TextTest t) { return t("ec2." + p.id + ".amazonaws.com"); }},
}};

Outcome regions(Call& c) {
  const auto names = texts(c["RegionNames"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, region_fields));
  const bool all = c["AllRegions"].as_bool();
  for (std::string_view name : names) {
    if (!find_region_facts(name)) return fault("InvalidParameterValue", fmt::format("Invalid region: {}", name));
  }
  c.out.begin_list("Regions");
  for (const RegionFacts& facts : all_regions()) {
    auto at = c.account.regions.find(facts.name);
    const bool on = at == c.account.regions.end() ? !facts.opt_in : at->second.opted_in;
    const Place place{
        std::string(facts.name), "", facts.opt_in ? (on ? "opted-in" : "not-opted-in") : "opt-in-not-required", {}};
    if (!names.empty() ? !has(names, facts.name) : !on && !all) continue;
    if (!passes(bound, place)) continue;
    c.out.begin_map();
    c.out.put("RegionName", place.id);
    c.out.put("Endpoint", "ec2." + place.id + ".amazonaws.com");
    c.out.put("OptInStatus", place.opt_in);
    c.out.end();
  }
  c.out.end();
  return {};
}

constexpr std::array<Field<Place>, 5> zone_fields{{
    {"zone-name", [](const Place& p, TextTest t) { return t(p.id); }},
    {"zone-id", [](const Place& p, TextTest t) { return t(p.zone_id); }},
    {"region-name", [](const Place& p, TextTest t) { return t(p.id.substr(0, p.id.size() - 1)); }},
    {"state", [](const Place&, TextTest t) { return t("available"); }},
    {"zone-type", [](const Place&, TextTest t) { return t("availability-zone"); }},
}};

Outcome zones(Call& c) {
  const auto names = texts(c["ZoneNames"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, zone_fields));
  const RegionFacts* facts = find_region_facts(c.region.name);
  c.out.begin_list("AvailabilityZones");
  int number = 0;
  for (const char letter : facts->zone_letters) {
    const Place place{c.region.name + letter, fmt::format("{}-az{}", c.region.name, ++number), "", {}};
    if ((!names.empty() && !has(names, place.id)) || !passes(bound, place)) continue;
    c.out.begin_map();
    c.out.put("ZoneName", place.id);
    c.out.put("ZoneId", place.zone_id);
    c.out.put("RegionName", c.region.name);
    c.out.put("GroupName", c.region.name);
    c.out.put("NetworkBorderGroup", c.region.name);
    c.out.put("ZoneType", "availability-zone");
    c.out.put("OptInStatus", "opt-in-not-required");
    c.out.put("State", "available");
    c.out.end();
  }
  c.out.end();
  return {};
}

/// Describes a table by ids, filters and pages; `write` writes one row.
template <class T, std::size_t N, class Write>
Outcome describe(Call& c, const Table<T>& table, std::string_view ids_name, std::string_view list_name,
                 std::string_view not_found, const std::array<Field<T>, N>& fields, Write write) {
  const auto ids = texts(c[ids_name]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, fields));
  TRY(const Page page, read_page(c, !ids.empty()));
  Listed<T> listed;
  for (std::string_view id : ids) {
    const T* row = table.seen(id, c.now);
    if (!row) return fault(std::string(not_found), fmt::format("The ID '{}' does not exist", id));
    if (passes(bound, *row)) listed.rows.push_back(row);
  }
  if (ids.empty()) list_table(c, table, c.account.id, page, filters, "", bound, [](const T&) { return true; }, listed);
  c.out.begin_list(list_name);
  for (const T* row : listed.rows) {
    c.out.begin_map();
    write(*row);
    c.out.put("OwnerId", c.account.id);
    write_tags(c.out, row->tags);
    c.out.end();
  }
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

constexpr std::array<Field<Vpc>, 4> vpc_fields{{
    {"vpc-id", [](const Vpc& v, TextTest t) { return t(v.id); }},
    {"cidr", [](const Vpc& v, TextTest t) { return t(v.cidr); }},
    {"is-default", [](const Vpc& v, TextTest t) { return t(truth(v.is_default)); }},
    {"state", [](const Vpc& v, TextTest t) { return t(v.state); }},
}};

Outcome vpcs(Call& c) {
  return describe(c, c.region.vpcs, "VpcIds", "Vpcs", "InvalidVpcID.NotFound", vpc_fields, [&](const Vpc& v) {
    c.out.put("VpcId", v.id);
    c.out.put("CidrBlock", v.cidr);
    c.out.put("State", v.state);
    c.out.put("IsDefault", v.is_default);
    c.out.put("InstanceTenancy", "default");
  });
}

constexpr std::array<Field<Subnet>, 5> subnet_fields{{
    {"subnet-id", [](const Subnet& s, TextTest t) { return t(s.id); }},
    {"vpc-id", [](const Subnet& s, TextTest t) { return t(s.vpc_id); }},
    {"availability-zone", [](const Subnet& s, TextTest t) { return t(s.zone); }},
    {"default-for-az", [](const Subnet& s, TextTest t) { return t(truth(s.default_for_zone)); }},
    {"cidr-block", [](const Subnet& s, TextTest t) { return t(s.cidr); }},
}};

Outcome subnets(Call& c) {
  return describe(c, c.region.subnets, "SubnetIds", "Subnets", "InvalidSubnetID.NotFound", subnet_fields,
                  [&](const Subnet& s) {
                    c.out.put("SubnetId", s.id);
                    c.out.put("VpcId", s.vpc_id);
                    c.out.put("CidrBlock", s.cidr);
                    c.out.put("AvailabilityZone", s.zone);
                    c.out.put("DefaultForAz", s.default_for_zone);
                    c.out.put("State", "available");
                    c.out.put("AvailableIpAddressCount", 4091);
                  });
}

constexpr std::array<Field<SecurityGroup>, 4> group_fields{{
    {"group-id", [](const SecurityGroup& g, TextTest t) { return t(g.id); }},
    {"group-name", [](const SecurityGroup& g, TextTest t) { return t(g.name); }},
    {"vpc-id", [](const SecurityGroup& g, TextTest t) { return t(g.vpc_id); }},
    {"description", [](const SecurityGroup& g, TextTest t) { return t(g.description); }},
}};

Outcome security_groups(Call& c) {
  return describe(c, c.region.security_groups, "GroupIds", "SecurityGroups", "InvalidGroup.NotFound", group_fields,
                  [&](const SecurityGroup& g) {
                    c.out.put("GroupId", g.id);
                    c.out.put("GroupName", g.name);
                    c.out.put("Description", g.description);
                    c.out.put("VpcId", g.vpc_id);
                  });
}

}  // namespace

void register_ec2_network(Registry& r) {
  r.add("ec2", "DescribeRegions", regions);
  r.add("ec2", "DescribeAvailabilityZones", zones);
  r.add("ec2", "DescribeVpcs", vpcs);
  r.add("ec2", "DescribeSubnets", subnets);
  r.add("ec2", "DescribeSecurityGroups", security_groups);
}

}  // namespace reeve::sandbox
