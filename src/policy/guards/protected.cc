#include <fmt/format.h>

#include "policy/guards/guards.h"
#include "policy/protect_tag.h"

namespace reeve::policy {
namespace {

/// Until when reeve:protect protects; what is no date, for ever.
bool protects(std::string_view value, Time now) {
  const auto until = parse_iso8601(value);
  return !until || now < end_of_protection(*until);
}

GuardAnswer by_tag(std::string_view key, std::string_view value, Time now) {
  if (means_key(key, protect_tag) && protects(value, now)) {
    return keep("protected",
                fmt::format("tagged {}{}", key, value.empty() ? std::string() : " until " + std::string(value)));
  }
  if (means_key(key, "cloud-nuke-excluded")) return keep("protected", "tagged cloud-nuke-excluded");
  if (means_key(key, "janitor") && means_key(value, "donotmark")) return keep("protected", "tagged janitor=donotmark");
  return {};
}

GuardAnswer answer(const Candidate& candidate, const Context& context) {
  const estate::Record& record = candidate.view.record();
  const Value tags = record.tags();
  if (tags.is_unknown()) return keep_unknown("its tags are unknown: " + tags.as_string());
  for (const Value tag : tags.items()) {
    if (tag.is_unknown() || tag["Key"].is_unknown() || tag["Value"].is_unknown())
      return keep_unknown("a tag of it is unknown");
    auto found = by_tag(tag["Key"].as_text(), tag["Value"].as_text(), context.now);
    if (found.kind == GuardAnswer::Kind::keep) return found;
  }
  if (context.configuration != nullptr) {
    if (auto why = protected_by(*context.configuration, record, context.now)) {
      return keep("protected", *std::move(why));
    }
  }
  return {};
}

class Protected : public Guard {
 public:
  std::string_view name() const override { return "protected"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) answers.push_back(answer(*candidate, context));
    co_return answers;
  }
};

}  // namespace

const Guard& protected_guard() {
  static const Protected guard;
  return guard;
}

}  // namespace reeve::policy
