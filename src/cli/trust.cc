#include <fmt/format.h>

#include "cli/output.h"
#include "cli/verbs.h"

namespace reeve::cli {
namespace {

std::string for_people(const Connected& connected) {
  return fmt::format("account {}{}{}", connected.identity.account,
                     connected.alias ? " (" + *connected.alias + ")" : std::string(),
                     connected.endpoint.empty() ? std::string() : " at " + connected.endpoint);
}

bool means(const Connected& connected, const std::string& word) {
  return word == connected.identity.account || (connected.alias && word == *connected.alias);
}

/// The account's name once more, by flag or typed. Errors: trust_missing.
Result<void> confirm(const Connected& connected, std::string typed) {
  if (typed.empty()) {
    if (!input_is_terminal()) {
      return fail({.code = Code::trust_missing,
                   .message = "nobody is there to confirm the account",
                   .hint = fmt::format("Run it on a terminal, or with --yes-i-mean {}",
                                       connected.alias.value_or(connected.identity.account))});
    }
    say(fmt::format("Reeve will be allowed to change {}. Type its alias or id to confirm:", for_people(connected)));
    typed = read_line();
  }
  if (means(connected, typed)) return {};
  return fail({.code = Code::trust_missing,
               .message = fmt::format("'{}' is not the alias or id of {}", typed, connected.identity.account)});
}

}  // namespace

Task<Result<int>> trust(Engine& engine, TrustOptions options) {
  CO_TRY(const Connected connected, co_await engine.connect());
  if (!means(connected, options.account)) {
    co_return fail(
        {.code = Code::trust_missing,
         .message = fmt::format("these credentials are of {}, not {}", for_people(connected), options.account),
         .hint = "Use the credentials (--profile) of the account that you mean"});
  }
  const bool needed = !connected.loopback;
  if (needed) {
    CO_TRY(confirm(connected, options.yes_i_mean));
    CO_TRY(engine.trust(connected));
  }
  if (engine.common().json()) {
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.begin_map("trust");
    b.put("account", connected.identity.account);
    connected.alias ? b.put("alias", *connected.alias) : b.put_null("alias");
    connected.endpoint.empty() || !needed ? b.put_null("endpoint") : b.put("endpoint", connected.endpoint);
    b.put("needed", needed);
    b.end();
    b.end();
    print_json(b.finish());
  } else if (engine.common().csv()) {
    views::Table table({{"account"}, {"alias"}, {"endpoint"}, {"needed"}});
    table.add({connected.identity.account, connected.alias.value_or(""), needed ? connected.endpoint : "",
               needed ? "true" : "false"});
    print(table.csv());
  } else if (needed) {
    print(fmt::format("The {} is trusted from here on.\n", for_people(connected)));
  } else {
    print("No trust is needed here: the sandbox and loopback endpoints are nobody's account. Nothing was written.\n");
  }
  co_return 0;
}

}  // namespace reeve::cli
