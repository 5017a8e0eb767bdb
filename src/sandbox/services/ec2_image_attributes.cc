#include <algorithm>

#include "sandbox/listing.h"

/// Attributes of AMIs: sharing, disabling, deprecation, protection.
namespace reeve::sandbox {
namespace {

std::expected<Image*, Fault> own(Call& c) {
  TRY(const auto id, need_text(c, "ImageId"));
  if (Image* i = c.region.images.find(id)) {
    c.changing(c.region.images, id);
    return i;
  }
  if (visible_image(c, id)) return fault("AuthFailure", "Not authorized for image:" + id, 403);
  return std::unexpected(no_image(id));
}

Outcome done(Call& c) {
  c.out.put("Return", true);
  return {};
}

Outcome disable(Call& c) {
  TRY(Image * i, own(c));
  if (i->state != "available" && i->state != "disabled") {
    return fault("IncorrectState", "The image '" + i->id + "' is '" + i->state + "'.");
  }
  i->state = "disabled";
  i->is_public = false;  // disabling takes all sharing away, and enabling does not give it back
  i->shared_with.clear();
  return done(c);
}

Outcome enable(Call& c) {
  TRY(Image * i, own(c));
  if (i->state == "disabled") i->state = "available";
  return done(c);
}

Outcome deprecate(Call& c) {
  TRY(Image * i, own(c));
  const Value at = c["DeprecateAt"];
  const auto time = at.kind() == Kind::timestamp ? Result<Time>(at.as_time()) : parse_iso8601(at.as_text());
  if (!time) return fault("InvalidParameterValue", "The DeprecateAt date is invalid.");
  if (*time < c.now) return fault("InvalidParameterValue", "The DeprecateAt date must be in the future.");
  i->deprecation_time = *time;
  return done(c);
}

Outcome undo_deprecation(Call& c) {
  TRY(Image * i, own(c));
  i->deprecation_time.reset();
  return done(c);
}

Outcome protect(Call& c) {
  TRY(Image * i, own(c));
  i->deregistration_protection = c["WithCooldown"].as_bool() ? "enabled-with-cooldown" : "enabled-without-cooldown";
  c.out.put("Return", "true");
  return {};
}

Outcome unprotect(Call& c) {
  TRY(Image * i, own(c));
  i->deregistration_protection = "disabled";
  c.out.put("Return", "true");
  return {};
}

Outcome modify(Call& c) {
  TRY(Image * i, own(c));
  const std::string_view attribute = c["Attribute"].as_text();
  if (!c["Description"].is_null()) i->description = c["Description"]["Value"].as_string();
  if (attribute == "description") i->description = c["Value"].as_string();
  auto change = [&](std::string_view user, std::string_view group, bool add) {
    if (group == "all") i->is_public = add;
    if (user.empty()) return;
    if (add) {
      i->shared_with.emplace(user);
    } else if (auto at = i->shared_with.find(user); at != i->shared_with.end()) {
      i->shared_with.erase(at);
    }
  };
  const Value both = c["LaunchPermission"];
  const bool sharing = !both.is_null() || !c["UserIds"].empty() || !c["UserGroups"].empty();
  if (sharing && i->state == "disabled") {
    return fault("IncorrectState", "The image '" + i->id + "' is disabled and cannot be shared.");
  }
  for (Value item : both["Add"].items()) change(item["UserId"].as_text(), item["Group"].as_text(), true);
  for (Value item : both["Remove"].items()) change(item["UserId"].as_text(), item["Group"].as_text(), false);
  const bool add = c["OperationType"].as_text() != "remove";
  for (std::string_view user : texts(c["UserIds"])) change(user, "", add);
  for (std::string_view group : texts(c["UserGroups"])) change("", group, add);
  return {};
}

Outcome reset(Call& c) {
  TRY(Image * i, own(c));
  i->is_public = false;
  i->shared_with.clear();
  return {};
}

Outcome describe(Call& c) {
  TRY(const auto id, need_text(c, "ImageId"));
  TRY(const auto attribute, need_text(c, "Attribute"));
  const Image* i = c.region.images.seen(id, c.now);
  if (!i && visible_image(c, id)) return fault("AuthFailure", "Not authorized for image:" + id, 403);
  if (!i) return std::unexpected(no_image(id));
  c.out.put("ImageId", id);
  auto value = [&](std::string_view name, std::string_view text) {
    c.out.begin_map(name);
    c.out.put("Value", text);
    c.out.end();
  };
  if (attribute == "launchPermission") {
    c.out.begin_list("LaunchPermissions");
    if (i->is_public) c.out.begin_map(), c.out.put("Group", "all"), c.out.end();
    for (const std::string& user : i->shared_with) c.out.begin_map(), c.out.put("UserId", user), c.out.end();
    c.out.end();
  } else if (attribute == "description") {
    value("Description", i->description);
  } else if (attribute == "lastLaunchedTime") {
    value("LastLaunchedTime", i->last_launched ? filter_date(*i->last_launched) : "");
  } else if (attribute == "deregistrationProtection") {
    value("DeregistrationProtection", i->deregistration_protection);
  } else if (attribute == "productCodes") {
    c.out.begin_list("ProductCodes");
    c.out.end();
  } else {
    return fault("InvalidParameterValue", "Value (" + attribute + ") for parameter attribute is invalid.");
  }
  return {};
}

}  // namespace

void register_image_attributes(Registry& r) {
  r.add("ec2", "DisableImage", disable);
  r.add("ec2", "EnableImage", enable);
  r.add("ec2", "EnableImageDeprecation", deprecate);
  r.add("ec2", "DisableImageDeprecation", undo_deprecation);
  r.add("ec2", "EnableImageDeregistrationProtection", protect);
  r.add("ec2", "DisableImageDeregistrationProtection", unprotect);
  r.add("ec2", "ModifyImageAttribute", modify);
  r.add("ec2", "ResetImageAttribute", reset);
  r.add("ec2", "DescribeImageAttribute", describe);
}

}  // namespace reeve::sandbox
