#include "policy/filters/age.h"
#include "policy/filters/block.h"
#include "policy/filters/event.h"
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

}  // namespace

std::vector<FilterWord> core_filters() {
  using Source = AgeFilter::Source;
  return {
      {.name = "value",
       .kinds = {},
       .keys = ValueFilter::keys(),
       .description = "Compares what a key of the record says with a value.",
       .make = [](const Build& build) -> std::unique_ptr<Filter> { return ValueFilter::make(build); }},
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
      {.name = "event",
       .kinds = {},
       .keys = ValueFilter::keys(),
       .description = "Compares a value of the event that triggered the policy; matches all where there is none.",
       .make = EventFilter::make},
  };
}

}  // namespace reeve::policy
