#include "aws/fault_script.h"

#include <algorithm>
#include <utility>

namespace reeve::aws {

bool contains(Value value, Value part) {
  if (part.is_map()) {
    if (!value.is_map()) return false;
    for (const auto [key, wanted] : part.entries()) {
      const auto found = value.find(key);
      if (!found || !contains(*found, wanted)) return false;
    }
    return true;
  }
  if (part.is_list()) {
    if (!value.is_list()) return false;
    for (const Value wanted : part.items()) {
      bool any = false;
      for (const Value item : value.items()) any = any || contains(item, wanted);
      if (!any) return false;
    }
    return true;
  }
  return value == part;
}

namespace {

bool matches(const FaultRule& rule, std::string_view service, std::string_view operation, Value params) {
  if (!rule.service.empty() && rule.service != service) return false;
  const std::string_view wanted = rule.operation;
  if (wanted.ends_with('*')) {
    if (!operation.starts_with(wanted.substr(0, wanted.size() - 1))) return false;
  } else if (!wanted.empty() && wanted != operation) {
    return false;
  }
  return rule.params.root().is_null() || contains(params, rule.params);
}

bool is_due(const FaultRule& rule, std::int64_t seen, std::int64_t fired) {
  if (rule.times > 0 && fired >= rule.times) return false;
  if (rule.nth > 0) return seen >= rule.nth;
  if (rule.every > 0) return seen % rule.every == 0;
  return seen > rule.after;
}

/// What AWS would say, where the rule does not.
FaultAction filled_in(FaultAction fault, std::string_view service) {
  const auto answer = [&fault](std::string_view code, int status) {
    if (fault.code.empty()) fault.code = code;
    if (fault.status == 0) fault.status = status;
  };
  const bool ec2 = service == "ec2";
  switch (fault.kind) {
    case FaultKind::throttle:
      answer(ec2 ? "RequestLimitExceeded" : "ThrottlingException", ec2 ? 503 : 400);
      break;
    case FaultKind::error:
      answer("", 400);
      break;
    case FaultKind::server_error_before:
    case FaultKind::server_error_after:
      answer("InternalError", 500);
      break;
    case FaultKind::clock_skew:
      answer("RequestTimeTooSkewed", 403);
      break;
    case FaultKind::expired_token:
      answer(ec2 ? "RequestExpired" : "ExpiredToken", 400);
      break;
    case FaultKind::not_aws:
      answer("", 500);
      break;
    case FaultKind::error_in_200:
      answer("InternalError", 200);
      break;
    case FaultKind::drop_token:
    case FaultKind::empty_page:
      if (fault.member.empty()) fault.member = "NextToken";
      break;
    case FaultKind::timeout_before:
    case FaultKind::timeout_after:
    case FaultKind::torn_body:
    case FaultKind::slow:
    case FaultKind::slow_bytes:
    case FaultKind::repeat_page:
      break;
  }
  if (fault.message.empty() && !fault.code.empty()) fault.message = "a fault script says so: " + fault.code;
  return fault;
}

}  // namespace

FaultScript::FaultScript(std::vector<FaultRule> rules)
    : rules_(std::move(rules)), seen_(rules_.size(), 0), fired_(rules_.size(), 0) {}

void FaultScript::add(FaultRule rule) {
  rules_.push_back(std::move(rule));
  seen_.push_back(0);
  fired_.push_back(0);
}

std::optional<FaultAction> FaultScript::next_fault(std::string_view service, std::string_view operation, Value params) {
  std::optional<FaultAction> due;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!matches(rules_[i], service, operation, params)) continue;
    ++seen_[i];
    if (due || !is_due(rules_[i], seen_[i], fired_[i])) continue;
    ++fired_[i];
    due = filled_in(rules_[i].fault, service);
  }
  return due;
}

}  // namespace reeve::aws
