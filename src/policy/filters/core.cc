#include "policy/filters/age.h"
#include "policy/filters/block.h"
#include "policy/filters/cross_account.h"
#include "policy/filters/event.h"
#include "policy/filters/has_statement.h"
#include "policy/filters/hours.h"
#include "policy/filters/list_item.h"
#include "policy/filters/marked_for_op.h"
#include "policy/filters/reduce.h"
#include "policy/filters/resource_count.h"
#include "policy/filters/resource_policy.h"
#include "policy/filters/tag_count.h"
#include "policy/filters/value.h"

namespace reeve::policy {
namespace {

FilterWord block(std::string_view word, Block::Connective connective, std::string_view description) {
  return {.name = word,
          .kinds = {},
          .keys = {{word, "list", true}},
          .description = description,
          .make = [connective](const Build& build) { return Block::make(build, connective); }};
}

FilterWord age(std::string_view word, std::vector<std::string_view> kinds, AgeFilter::Source source,
               std::string_view description) {
  return {.name = word,
          .kinds = std::move(kinds),
          .keys = AgeFilter::keys(),
          .description = description,
          .make = [word, source](const Build& build) { return AgeFilter::make(build, std::string(word), source); }};
}

FilterWord hours(std::string_view word, HoursFilter::When when, std::string_view description) {
  return {.name = word,
          .kinds = {},
          .keys = HoursFilter::keys(when),
          .description = description,
          .make = [when](const Build& build) { return HoursFilter::make(build, when); }};
}

std::unique_ptr<Filter> make_value(const Build& build) {
  if (build.data["value_type"].as_text() == "resource_count") return ResourceCountFilter::make(build);
  return ValueFilter::make(build);
}

}  // namespace

std::vector<FilterWord> core_filters() {
  using Source = AgeFilter::Source;
  return {
      {.name = "value",
       .kinds = {},
       .keys = ValueFilter::keys(),
       .description = "Compares what a key of the record says with a value.",
       .make = make_value},
      block("and", Block::Connective::all, "Matches what all of its filters match."),
      block("or", Block::Connective::any, "Matches what one of its filters matches."),
      block("not", Block::Connective::none, "Matches what does not match all of its filters."),
      age("age", {}, Source::kind, "Compares the record's date with days, hours and minutes before now."),
      age("image-age", {"ami"}, Source::kind, "The age of an image."),
      age("instance-uptime", {"ec2"}, Source::launch, "The time since an instance was last started."),
      age("instance-age", {"ec2"}, Source::attached, "The age of an instance, by its oldest attached volume."),
      {.name = "tag-count",
       .kinds = {},
       .keys = TagCountFilter::keys(),
       .description = "Compares the number of tags, those of AWS not counted.",
       .make = TagCountFilter::make},
      {.name = "list-item",
       .kinds = {},
       .keys = ListItemFilter::keys(),
       .description = "Asks filters of each item of a list; matches where one, or a number of them, passes.",
       .make = ListItemFilter::make},
      {.name = "reduce",
       .kinds = {},
       .keys = ReduceFilter::keys(),
       .description = "Sorts records, in groups, leaves out the first and keeps the next.",
       .make = ReduceFilter::make},
      {.name = "marked-for-op",
       .kinds = {},
       .keys = MarkedForOpFilter::keys(),
       .description = "The tag that mark-for-op wrote names this operation, and its time has come.",
       .make = MarkedForOpFilter::make},
      hours("offhour", HoursFilter::When::off, "Now is the hour at which the record's tag says that it stops."),
      hours("onhour", HoursFilter::When::on, "Now is the hour at which the record's tag says that it starts."),
      {.name = "cross-account",
       .kinds = kinds_with_policy(),
       .keys = CrossAccountFilter::keys(),
       .description = "The record's own policy gives access to somebody outside the account and the whitelists.",
       .make = CrossAccountFilter::make},
      {.name = "has-statement",
       .kinds = kinds_with_policy(),
       .keys = HasStatementFilter::keys(),
       .description = "The record's own policy has these statements.",
       .make = HasStatementFilter::make},
      {.name = "event",
       .kinds = {},
       .keys = ValueFilter::keys(),
       .description = "Compares a value of the event that triggered the policy; matches all where there is none.",
       .make = EventFilter::make},
  };
}

}  // namespace reeve::policy
