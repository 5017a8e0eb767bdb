#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "sandbox/listing.h"

/// Launch templates and their versions.
namespace reeve::sandbox {
namespace {

void write_template(Builder& out, const LaunchTemplate& t) {
  out.put("LaunchTemplateId", t.id);
  out.put("LaunchTemplateName", t.name);
  out.put("CreateTime", t.create_time);
  out.put("CreatedBy", t.created_by);
  out.put("DefaultVersionNumber", t.default_version);
  out.put("LatestVersionNumber", t.latest_version);
  write_tags(out, t.tags);
}

void write_version(Builder& out, const LaunchTemplate& t, const LaunchTemplateVersion& v) {
  out.put("LaunchTemplateId", t.id);
  out.put("LaunchTemplateName", t.name);
  out.put("VersionNumber", v.number);
  out.put_if("VersionDescription", v.description);
  out.put("CreateTime", v.create_time);
  out.put("CreatedBy", v.created_by);
  out.put("DefaultVersion", v.number == t.default_version);
  out.key("LaunchTemplateData");
  if (v.data.root().is_map()) {
    out.add(v.data);
  } else {
    out.begin_map();
    out.end();
  }
}

Fault no_template(std::string_view id) {
  if (well_formed(id, "lt")) {
    return {"InvalidLaunchTemplateId.NotFound",
            fmt::format("The specified launch template, with template ID {}, does not exist.", id)};
  }
  return {"InvalidLaunchTemplateId.Malformed", fmt::format("Invalid id: \"{}\" (expecting \"lt-...\")", id)};
}
Fault no_template_named(std::string_view name) {
  return {"InvalidLaunchTemplateName.NotFoundException",
          fmt::format("At least one of the launch templates specified in the request does not exist: {}", name)};
}

const LaunchTemplate* by_name(const Call& c, std::string_view name) {
  for (const auto& [id, t] : c.region.launch_templates.rows) {
    if (t.name == name) return &t;
  }
  return nullptr;
}

/// The template of LaunchTemplateId or LaunchTemplateName.
std::expected<LaunchTemplate*, Fault> own(Call& c) {
  const std::string id = c["LaunchTemplateId"].as_string(), name = c["LaunchTemplateName"].as_string();
  if (id.empty() && name.empty()) return missing("LaunchTemplateId");
  if (!id.empty() && !name.empty()) {
    return fault("InvalidParameterCombination", "Specify either the launch template ID or its name, not both.");
  }
  const LaunchTemplate* named = name.empty() ? nullptr : by_name(c, name);
  if (!name.empty() && !named) return std::unexpected(no_template_named(name));
  LaunchTemplate* t = c.region.launch_templates.find(named ? named->id : id);
  if (!t) return std::unexpected(no_template(id));
  return t;
}

constexpr std::array<Field<LaunchTemplate>, 2> fields{{
    {"create-time", [](const LaunchTemplate& t, TextTest test) { return test(filter_date(t.create_time)); }},
    {"launch-template-name", [](const LaunchTemplate& t, TextTest test) { return test(t.name); }},
}};

Outcome describe(Call& c) {
  const auto ids = texts(c["LaunchTemplateIds"]), names = texts(c["LaunchTemplateNames"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const auto bound, bind(filters, fields));
  TRY(const Page page, read_page(c, !ids.empty() || !names.empty(), 1, 200));
  Listed<LaunchTemplate> listed;
  for (std::string_view id : ids) {
    const LaunchTemplate* t = c.region.launch_templates.seen(id, c.now);
    if (!t) return std::unexpected(no_template(id));
    listed.rows.push_back(t);
  }
  for (std::string_view name : names) {
    const LaunchTemplate* t = by_name(c, name);
    if (!t) return std::unexpected(no_template_named(name));
    listed.rows.push_back(t);
  }
  if (ids.empty() && names.empty()) {
    list_table(
        c, c.region.launch_templates, c.account.id, page, filters, "", bound,
        [](const LaunchTemplate&) { return true; }, listed);
  }
  c.out.begin_list("LaunchTemplates");
  for (const LaunchTemplate* t : listed.rows) c.out.begin_map(), write_template(c.out, *t), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

/// "$Latest", "$Default" or a number.
std::int64_t version_number(const LaunchTemplate& t, std::string_view text) {
  if (text == "$Latest") return t.latest_version;
  if (text == "$Default") return t.default_version;
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

struct VersionRow {
  std::string id;
  const LaunchTemplate* of;
  const LaunchTemplateVersion* version;
  Tags tags;
};

Outcome describe_versions(Call& c) {
  const auto asked = texts(c["Versions"]);
  TRY(const auto filters, read_filters(c["Filters"]));
  TRY(const Page page, read_page(c, false, 1, 200));
  // Without a template: the latest or default version of all of them [API reference].
  std::vector<const LaunchTemplate*> templates;
  if (c["LaunchTemplateId"].is_null() && c["LaunchTemplateName"].is_null()) {
    for (std::string_view version : asked) {
      if (version != "$Latest" && version != "$Default") {
        return fault("InvalidParameterValue", "Without a launch template, the version must be $Latest or $Default.");
      }
    }
    if (asked.empty()) return missing("LaunchTemplateId");
    for (const auto& [id, t] : c.region.launch_templates.rows) templates.push_back(&t);
  } else {
    TRY(LaunchTemplate * one, own(c));
    templates.push_back(one);
  }
  Table<VersionRow> rows;
  for (const LaunchTemplate* t : templates) {
    std::vector<std::int64_t> numbers;
    for (std::string_view version : asked) numbers.push_back(version_number(*t, version));
    for (const LaunchTemplateVersion& v : t->versions) {
      if (!asked.empty() && !has(numbers, v.number)) continue;
      std::erase(numbers, v.number);
      if (const auto least = c["MinVersion"].as_text(); !least.empty() && v.number < version_number(*t, least))
        continue;
      if (const auto most = c["MaxVersion"].as_text(); !most.empty() && v.number > version_number(*t, most)) continue;
      rows.add({fmt::format("{}/{:019}", t->id, v.number), t, &v, {}});
    }
    if (!numbers.empty()) {
      return fault("InvalidLaunchTemplateId.VersionNotFound",
                   fmt::format("Could not find the specified version {} for the launch template with ID {}.",
                               numbers.front(), t->id));
    }
  }
  Listed<VersionRow> listed;
  static constexpr std::array<Field<VersionRow>, 4> version_fields{{
      {"image-id", [](const VersionRow& r, TextTest t) { return t(r.version->data["ImageId"].as_text()); }},
      {"instance-type", [](const VersionRow& r, TextTest t) { return t(r.version->data["InstanceType"].as_text()); }},
      {"is-default-version",
       [](const VersionRow& r, TextTest t) { return t(truth(r.version->number == r.of->default_version)); }},
      {"create-time", [](const VersionRow& r, TextTest t) { return t(filter_date(r.version->create_time)); }},
  }};
  TRY(const auto bound, bind(filters, version_fields));
  list_table(c, rows, c.account.id, page, filters, "", bound, [](const VersionRow&) { return true; }, listed);
  c.out.begin_list("LaunchTemplateVersions");
  for (const VersionRow* row : listed.rows)
    c.out.begin_map(), write_version(c.out, *row->of, *row->version), c.out.end();
  c.out.end();
  c.out.put_if("NextToken", listed.next);
  return {};
}

Outcome create(Call& c) {
  TRY(const auto name, need_text(c, "LaunchTemplateName"));
  if (!c["LaunchTemplateData"].is_map()) return missing("LaunchTemplateData");
  if (by_name(c, name)) {
    return fault("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.");
  }
  if (c.region.launch_templates.rows.size() >= 5000) {  // [quotas]: launch templates per Region
    return fault("LaunchTemplateLimitExceeded", "The launch template limit has been reached.");
  }
  LaunchTemplate t;
  TRY(t.tags, read_tag_specifications(c, "launch-template"));
  t.id = c.store.new_id("lt");
  t.name = name;
  t.created_by = c.caller_arn;
  t.create_time = c.now;
  t.versions.push_back(
      {1, c["VersionDescription"].as_string(), c.caller_arn, c.now, deep_copy(c["LaunchTemplateData"])});
  c.changing(c.region.launch_templates, t.id);
  c.out.begin_map("LaunchTemplate");
  write_template(c.out, c.region.launch_templates.add(std::move(t)));
  c.out.end();
  return {};
}

/// Members of the source version that the new data leaves out stay.
Document merged(Value source, Value data) {
  Builder out;
  out.begin_map();
  for (auto [key, value] : source.entries()) {
    if (data[key].is_null()) out.put(key, value);
  }
  for (auto [key, value] : data.entries()) out.put(key, value);
  out.end();
  return out.finish();
}

Outcome create_version(Call& c) {
  TRY(LaunchTemplate * t, own(c));
  if (!c["LaunchTemplateData"].is_map()) return missing("LaunchTemplateData");
  if (t->versions.size() >= 10'000) {  // [quotas]: versions per launch template
    return fault("VersionLimitExceeded", "The launch template version limit has been reached.");
  }
  Document data = deep_copy(c["LaunchTemplateData"]);
  if (const auto source = c["SourceVersion"].as_text(); !source.empty()) {
    const auto at = std::ranges::find(t->versions, version_number(*t, source), &LaunchTemplateVersion::number);
    if (at == t->versions.end()) {
      return fault("InvalidLaunchTemplateId.VersionNotFound", "Could not find the source version.");
    }
    data = merged(at->data, data);
  }
  c.changing(c.region.launch_templates, t->id);
  t->versions.push_back(
      {++t->latest_version, c["VersionDescription"].as_string(), c.caller_arn, c.now, std::move(data)});
  c.out.begin_map("LaunchTemplateVersion");
  write_version(c.out, *t, t->versions.back());
  c.out.end();
  return {};
}

Outcome remove(Call& c) {
  TRY(LaunchTemplate * t, own(c));
  c.out.begin_map("LaunchTemplate");
  write_template(c.out, *t);
  c.out.end();
  const std::string id = t->id;
  c.changing(c.region.launch_templates, id);
  c.region.launch_templates.erase(id);
  return {};
}

Outcome remove_versions(Call& c) {
  TRY(LaunchTemplate * t, own(c));
  std::vector<std::int64_t> gone, kept;
  c.changing(c.region.launch_templates, t->id);
  for (std::string_view text : texts(c["Versions"])) {
    const std::int64_t number = version_number(*t, text);
    const auto at = std::ranges::find(t->versions, number, &LaunchTemplateVersion::number);
    if (at == t->versions.end() || number == t->default_version) {
      kept.push_back(number);
    } else {
      t->versions.erase(at);
      gone.push_back(number);
    }
  }
  auto write = [&](std::string_view name, const std::vector<std::int64_t>& numbers, bool refused) {
    c.out.begin_list(name);
    for (const std::int64_t number : numbers) {
      c.out.begin_map();
      c.out.put("LaunchTemplateId", t->id);
      c.out.put("LaunchTemplateName", t->name);
      c.out.put("VersionNumber", number);
      if (refused) {
        c.out.begin_map("ResponseError");
        c.out.put("Code", number == t->default_version ? "unexpectedError" : "launchTemplateVersionDoesNotExist");
        c.out.put("Message",
                  number == t->default_version ? "The default version can't be deleted." : "There is no such version.");
        c.out.end();
      }
      c.out.end();
    }
    c.out.end();
  };
  write("SuccessfullyDeletedLaunchTemplateVersions", gone, false);
  write("UnsuccessfullyDeletedLaunchTemplateVersions", kept, true);
  return {};
}

Outcome modify(Call& c) {
  TRY(LaunchTemplate * t, own(c));
  TRY(const auto text, need_text(c, "DefaultVersion"));
  const std::int64_t number = version_number(*t, text);
  if (std::ranges::find(t->versions, number, &LaunchTemplateVersion::number) == t->versions.end()) {
    return fault("InvalidLaunchTemplateId.VersionNotFound", "Could not find the specified version.");
  }
  c.changing(c.region.launch_templates, t->id);
  t->default_version = number;
  c.out.begin_map("LaunchTemplate");
  write_template(c.out, *t);
  c.out.end();
  return {};
}

}  // namespace

void register_ec2_launch_templates(Registry& r) {
  r.add("ec2", "DescribeLaunchTemplates", describe);
  r.add("ec2", "DescribeLaunchTemplateVersions", describe_versions);
  r.add("ec2", "CreateLaunchTemplate", create);
  r.add("ec2", "CreateLaunchTemplateVersion", create_version);
  r.add("ec2", "DeleteLaunchTemplate", remove);
  r.add("ec2", "DeleteLaunchTemplateVersions", remove_versions);
  r.add("ec2", "ModifyLaunchTemplate", modify);
}

}  // namespace reeve::sandbox
