#include "apply/look.h"

#include <fmt/format.h>

#include <array>

namespace reeve::apply {
namespace {

/// How often, and after which pauses.
constexpr std::array<Duration, 4> observe_pauses = {std::chrono::seconds(0), std::chrono::seconds(1),
                                                    std::chrono::seconds(3), std::chrono::seconds(6)};

}  // namespace

bool leaves_doubt(const Error& error) {
  switch (error.code) {
    case Code::timed_out:
    case Code::network:
    case Code::server_error:
    case Code::malformed:
    case Code::cancelled:
      return true;
    case Code::unsupported:  // a gateway's own page instead of an answer
      return error.aws && error.aws->status >= 500;
    default:
      return false;
  }
}

Task<Result<Observed>> look(Hands hands, aws::Scope scope, policy::Step step, Document before) {
  const Effect* effect = find_effect(step.service, step.operation);
  REEVE_ASSERT(effect != nullptr);  // steps that are not in the table are refused before they are begun
  Error last{.code = Code::in_doubt, .message = "nobody looked"};
  bool seen_without = false;
  for (const Duration pause : observe_pauses) {
    if (pause.count() > 0) (void)co_await hands.world.loop.sleep(pause);
    estate::Reader reader(hands.api, hands.models, hands.kinds, hands.world.loop, scope, {});
    auto observed = co_await effect->observe(reader, step, before);
    if (observed && *observed == Observed::took_effect) co_return Observed::took_effect;
    if (observed) {
      seen_without = true;
    } else {
      last = observed.error();
    }
  }
  if (seen_without) co_return Observed::no_effect;
  co_return fail({.code = Code::in_doubt,
                  .message = fmt::format("whether {} took place could not be found out", step.operation),
                  .operation = step.service + "." + step.operation,
                  .hint = "`reeve resume` looks again",
                  .aws = last.aws,
                  .cause = std::make_shared<const Error>(last)});
}

}  // namespace reeve::apply
