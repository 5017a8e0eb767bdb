#include "sandbox/services/s3.h"

/// Conditional requests (RFC 9110, 13; S3 user guide: "Add preconditions to S3 operations with conditional requests").
namespace reeve::sandbox {
namespace {

/// Whether one of a header's ETags is this one; "*" is any.
bool names(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    std::string_view one = header.substr(0, header.find(','));
    header.remove_prefix(std::min(one.size() + 1, header.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == "*") return true;
    if (one.size() >= 2 && one.front() == '"' && one.back() == '"') one = one.substr(1, one.size() - 2);
    if (one == etag) return true;
  }
  return false;
}

Fault failed(std::string condition) {
  return s3_fault("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412,
                  {{"Condition", std::move(condition)}});
}

struct Conditions {
  Value match, none_match, since, unless;
};

/// `unchanged`: what is said where the object is as it was.
Outcome check(const Conditions& asked, const ObjectVersion& object, const Fault& unchanged) {
  const Time modified = whole_seconds(object.modified);
  if (!asked.match.is_null()) {
    if (!names(asked.match.as_text(), object.etag)) return std::unexpected(failed("If-Match"));
  } else if (!asked.unless.is_null() && modified > asked.unless.as_time()) {
    return std::unexpected(failed("If-Unmodified-Since"));
  }
  if (!asked.none_match.is_null()) {
    if (names(asked.none_match.as_text(), object.etag)) return std::unexpected(unchanged);
  } else if (!asked.since.is_null() && modified <= asked.since.as_time()) {
    return std::unexpected(unchanged);
  }
  return {};
}

}  // namespace

Outcome check_read(Call& c, const ObjectVersion& object) {
  Fault unchanged = s3_fault("NotModified", "Not Modified", 304);
  unchanged.headers.emplace_back("ETag", quoted(object.etag));
  return check({c["IfMatch"], c["IfNoneMatch"], c["IfModifiedSince"], c["IfUnmodifiedSince"]}, object, unchanged);
}

Outcome check_copy_source(Call& c, const ObjectVersion& object) {
  return check({c["CopySourceIfMatch"], c["CopySourceIfNoneMatch"], c["CopySourceIfModifiedSince"],
                c["CopySourceIfUnmodifiedSince"]},
               object, failed("x-amz-copy-source-If-None-Match"));
}

Outcome check_write(Call& c, const ObjectVersion* existing, std::string_view key) {
  if (existing && existing->delete_marker) existing = nullptr;
  if (const Value match = c["IfMatch"]; !match.is_null()) {
    if (!existing) {
      return std::unexpected(
          s3_fault("NoSuchKey", "The specified key does not exist.", 404, {{"Key", std::string(key)}}));
    }
    if (!names(match.as_text(), existing->etag)) return std::unexpected(failed("If-Match"));
  }
  if (const Value none = c["IfNoneMatch"]; !none.is_null()) {
    if (none.as_text() != "*") {
      return std::unexpected(s3_fault("NotImplemented",
                                      "A header you provided implies functionality that is not implemented", 501,
                                      {{"Header", "If-None-Match"}}));
    }
    if (existing) return std::unexpected(failed("If-None-Match"));
  }
  return {};
}

}  // namespace reeve::sandbox
