#include <fmt/format.h>

#include "base/json.h"
#include "cli/engine.h"

namespace reeve::cli {
namespace {

constexpr std::size_t trust_file_bytes = std::size_t{64} << 20;

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A map of accounts as trust() writes it.
bool are_accounts(Value map) {
  for (const auto [account, entry] : map.entries()) {
    const bool whole = is_account(account) && entry["alias"].is_text() && entry["by"].is_text() &&
                       parse_iso8601(entry["at"].as_text_or({})).has_value();
    if (!whole) return false;
  }
  return map.is_map();
}

bool is_trust_list(Value root) {
  if (root["format"].kind() != Kind::integer || root["format"].as_integer() != 1) return false;
  const auto endpoints = root.find("endpoints");
  if (endpoints && !endpoints->is_map()) return false;
  for (const auto [endpoint, accounts] : root["endpoints"].entries()) {
    if (!are_accounts(accounts)) return false;
  }
  return are_accounts(root["accounts"]);
}

/// The accounts trusted at an endpoint; "" for AWS's own.
Value accounts_at(Value list, const std::string& endpoint) {
  return endpoint.empty() ? list["accounts"] : list["endpoints"][endpoint];
}

/// Writes the accounts of one endpoint, with the one that is trusted now where it belongs here.
void put_accounts(Builder& b, Value old, const Connected* added, Time at) {
  for (const auto [account, entry] : old.entries()) {
    if (added == nullptr || account != added->identity.account) b.put(account, entry);
  }
  if (added == nullptr) return;
  b.begin_map(added->identity.account);
  b.put("alias", added->alias.value_or(""));
  b.put("by", added->identity.arn);
  b.put("at", at);
  b.end();
}

}  // namespace

/// What trust.json holds: an empty map where there is no file. Errors: invalid_input, io.
Result<Document> Engine::trust_list() const {
  RealDisk disk;
  const auto text = disk.read_file(state_.trust(), trust_file_bytes);
  if (!text && text.error().code == Code::not_found) return Document{};
  if (!text) return std::unexpected(text.error());
  auto parsed = parse_json(*text);
  if (parsed && is_trust_list(parsed->root())) return parsed;
  return fail({.code = Code::invalid_input,
               .message = "the list of trusted accounts is damaged",
               .resource = state_.trust(),
               .hint = "Move the file away, then trust each account again: reeve trust ACCOUNT"});
}

Result<void> Engine::check_trust(const Connected& connected) const {
  if (connected.loopback) return {};
  TRY(const Document list, trust_list());
  const std::string& account = connected.identity.account;
  if (accounts_at(list.root(), connected.endpoint)[account].is_map()) return {};
  const std::string where = connected.endpoint.empty() ? std::string() : " at " + connected.endpoint;
  return fail({.code = Code::trust_missing,
               .message = fmt::format("account {}{} was never changed from here before", account, where),
               .hint = fmt::format("If it is the one you mean: reeve trust {}{}", account, common_.same_place())});
}

Result<void> Engine::trust(const Connected& connected) {
  TRY(disk_.make_folders(state_.path));
  TRY(const Document list, trust_list());
  const Time at = clock_->wall();
  const bool aws = connected.endpoint.empty();
  Builder b;
  b.begin_map();
  b.put("format", 1);
  b.begin_map("accounts");
  put_accounts(b, list["accounts"], aws ? &connected : nullptr, at);
  b.end();
  b.begin_map("endpoints");
  for (const auto [endpoint, accounts] : list["endpoints"].entries()) {
    if (endpoint != connected.endpoint) b.put(endpoint, accounts);
  }
  if (!aws) {
    b.begin_map(connected.endpoint);
    put_accounts(b, accounts_at(list.root(), connected.endpoint), &connected, at);
    b.end();
  }
  b.end();
  b.end();
  return disk_.write_file(state_.trust(), to_json(b.finish(), 2) + "\n");
}

}  // namespace reeve::cli
