#include "aws/endpoint_choices.h"

#include <algorithm>
#include <optional>
#include <string>

namespace reeve::aws {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

EndpointChoices endpoint_choices(const Settings& settings, Environment& environment) {
  Properties section;
  if (const std::string* s3 = settings.property("s3")) section = sub_properties(*s3);
  // A value in lower case: of the variable, else of the profile, else of its s3 section; empty: nobody says.
  auto value = [&](const char* variable, const char* property, const char* in_section) -> std::string {
    if (const auto set = environment.get(variable); set && !set->empty()) return lower(*set);
    if (const std::string* own = settings.property(property)) return lower(*own);
    const auto found = section.find(in_section);
    return found == section.end() ? "" : lower(found->second);
  };
  EndpointChoices out;
  if (const std::string arn = value("AWS_S3_USE_ARN_REGION", "s3_use_arn_region", "use_arn_region"); !arn.empty()) {
    out.use_arn_region = arn == "true";
  }
  out.disable_multi_region_access_points =
      value("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "s3_disable_multiregion_access_points", "") == "true";
  out.use_global_endpoint = value("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "s3_us_east_1_regional_endpoint",
                                  "us_east_1_regional_endpoint") == "legacy";
  out.sts_global_endpoint = value("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints", "") == "legacy";
  if (const auto style = section.find("addressing_style"); style != section.end() && lower(style->second) != "auto") {
    out.force_path_style = lower(style->second) == "path";
  }
  if (const auto fast = section.find("use_accelerate_endpoint"); fast != section.end()) {
    out.accelerate = lower(fast->second) == "true";
  }
  return out;
}

}  // namespace reeve::aws
