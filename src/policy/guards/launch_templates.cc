#include "policy/guards/snapshot_users.h"

namespace reeve::policy {
namespace {

constexpr std::size_t templates_at_once = 16;

Document template_params() {
  Builder b;
  b.begin_map();
  b.put("IncludeManagedResources", true);
  b.put("MaxResults", 200);
  b.end();
  return b.finish();
}

/// All versions are had only template by template (EC2 API Reference, DescribeLaunchTemplateVersions).
Document version_params(std::string_view id) {
  Builder b;
  b.begin_map();
  b.put("LaunchTemplateId", id);
  b.put("IncludeManagedResources", true);
  b.put("MaxResults", 200);
  b.end();
  return b.finish();
}

/// What all versions of all templates name.
struct Templates {
  SnapshotUsers users;
  std::string problem;
  bool unsupported = false;
};

Task<void> read_versions(Context& context, std::string id, std::string title, Templates& into) {
  Document params = version_params(id);
  const Listed versions = co_await list_items(context, "ec2", "DescribeLaunchTemplateVersions", std::move(params));
  if (!versions.items) {
    into.problem = "the versions of launch template " + id + " could not be listed: " + versions.problem;
    co_return;
  }
  into.unsupported = into.unsupported || versions.unsupported();
  for (const Document& version : versions.items->items) {
    const auto number = std::to_string(version["VersionNumber"].as_integer());
    add_users(version["LaunchTemplateData"]["BlockDeviceMappings"],
              "version " + number + " of launch template " + title, into.users);
  }
}

Task<Templates> read_templates(Context& context) {
  Templates out;
  Document params = template_params();
  const Listed templates = co_await list_items(context, "ec2", "DescribeLaunchTemplates", std::move(params));
  if (!templates.items) {
    out.problem = "the launch templates could not be listed: " + templates.problem;
    co_return out;
  }
  out.unsupported = templates.unsupported();
  const auto& items = templates.items->items;
  std::function<Task<void>(std::size_t)> body = [&](std::size_t i) {
    const std::string id = items[i]["LaunchTemplateId"].as_string();
    return read_versions(context, id, std::string(items[i]["LaunchTemplateName"].as_text_or(id)), out);
  };
  co_await for_each(context.reader.loop(), items.size(), templates_at_once, std::move(body));
  co_return out;
}

class LaunchTemplates : public Guard {
 public:
  std::string_view name() const override { return "launch-templates"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    const Templates templates = co_await read_templates(context);
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) answers.push_back(answer(candidate->view.id(), templates));
    co_return answers;
  }

 private:
  static GuardAnswer answer(std::string_view id, const Templates& templates) {
    if (const auto user = templates.users.find(id); user != templates.users.end()) {
      return keep("in-use-by-template", user->second + " uses it");
    }
    if (!templates.problem.empty()) return keep_unknown(templates.problem);
    if (templates.unsupported) return note_unsupported("DescribeLaunchTemplates");
    return {};
  }
};

}  // namespace

const Guard& launch_templates_guard() {
  static const LaunchTemplates guard;
  return guard;
}

}  // namespace reeve::policy
