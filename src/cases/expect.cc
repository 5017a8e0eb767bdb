#include "cases/expect.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/only_reads.h"
#include "cases/compare.h"

namespace reeve::cases {
namespace {

/// Messages name so many of what differs.
constexpr std::size_t shown_most = 4;

std::string some(const std::vector<std::string>& all) {
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), shown_most); ++i) out += (i == 0 ? "" : ", ") + all[i];
  if (all.size() > shown_most) out += fmt::format(" and {} more", all.size() - shown_most);
  return out;
}

std::string told(const Difference& difference) {
  std::string out;
  if (!difference.missing.empty()) out += "missing " + some(difference.missing);
  if (!difference.extra.empty()) out += (out.empty() ? "" : "; ") + ("not expected " + some(difference.extra));
  return out;
}

/// The id of the record that an expected id means; itself where it means none.
std::string meant(const std::string& expected, const std::vector<estate::Record>& selected) {
  for (const auto& record : selected) {
    if (expected == record.id()) return expected;
  }
  for (const auto& record : selected) {
    if (expected == record.title() || expected == record.arn()) return std::string(record.id());
  }
  return expected;
}

void compare_ids(const Case& one, const std::vector<estate::Record>& selected, Outcome& out) {
  if (one.ids) {
    std::set<std::string> expected;
    for (const auto& id : *one.ids) expected.insert(meant(id, selected));
    const std::set<std::string> actual(out.ids.begin(), out.ids.end());
    const Difference differs = difference({expected.begin(), expected.end()}, {actual.begin(), actual.end()});
    if (!differs.none()) out.reasons.push_back("ids: " + told(differs));
  }
  if (one.count && *one.count != out.ids.size()) {
    out.reasons.push_back(fmt::format("count: {} expected, {} selected", *one.count, out.ids.size()));
  }
}

void compare_calls(const Case& one, Outcome& out) {
  if (!one.calls) return;
  std::vector<std::string> expected, actual;
  for (const Value call : one.calls->root().items()) {
    const std::string_view service = call[0].as_text(), operation = call[1].as_text();
    if (aws::only_reads(service, operation, call[2])) continue;
    for (auto& text : comparable(service, operation, call[2])) expected.push_back(std::move(text));
  }
  for (const auto& call : out.changing) {
    if (aws::only_reads(call.service, call.operation, call.params)) continue;
    for (auto& text : comparable(call.service, call.operation, call.params)) actual.push_back(std::move(text));
  }
  const Difference differs = difference(std::move(expected), std::move(actual));
  if (!differs.none()) out.reasons.push_back("calls: " + told(differs));
}

}  // namespace

void compare(const Case& one, const std::vector<estate::Record>& selected, Outcome& out) {
  compare_ids(one, selected, out);
  compare_calls(one, out);
}

}  // namespace reeve::cases
