#include <fmt/format.h>

#include "cli/output.h"
#include "cli/verbs.h"

namespace reeve::cli {

Task<Result<int>> trust(Engine& engine, TrustOptions options) {
  CO_TRY(const Connected connected, co_await engine.connect());
  const std::string& account = connected.identity.account;
  auto means = [&](const std::string& word) {
    return word == account || (connected.alias && word == *connected.alias);
  };
  if (!means(options.account)) {
    co_return fail({.code = Code::trust_missing,
                    .message = fmt::format("these credentials are of account {}{}, not {}", account,
                                           connected.alias ? " (" + *connected.alias + ")" : "", options.account),
                    .hint = "Use the credentials (--profile) of the account that you mean"});
  }
  std::string typed = options.yes_i_mean;
  if (typed.empty()) {
    if (!input_is_terminal()) {
      co_return fail(
          {.code = Code::trust_missing,
           .message = "nobody is there to confirm the account",
           .hint = fmt::format("Run it on a terminal, or with --yes-i-mean {}", connected.alias.value_or(account))});
    }
    say(fmt::format("Reeve will be allowed to change account {}{}. Type its alias or id to confirm:", account,
                    connected.alias ? " (" + *connected.alias + ")" : ""));
    typed = read_line();
  }
  if (!means(typed)) {
    co_return fail(
        {.code = Code::trust_missing, .message = fmt::format("'{}' is not the alias or id of {}", typed, account)});
  }
  CO_TRY(engine.trust(connected));
  if (engine.common().json()) {
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.begin_map("trust");
    b.put("account", account);
    if (connected.alias) {
      b.put("alias", *connected.alias);
    } else {
      b.put_null("alias");
    }
    b.end();
    b.end();
    print_json(b.finish());
  } else if (engine.common().csv()) {
    views::Table table({{"account"}, {"alias"}});
    table.add({account, connected.alias.value_or("")});
    print(table.csv());
  } else {
    print(fmt::format("Account {} is trusted from here on.\n", account));
  }
  co_return 0;
}

}  // namespace reeve::cli
