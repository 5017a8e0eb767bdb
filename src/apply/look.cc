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
    case Code::limit_exceeded:  // an answer that is too large or too deep: it came after the effect
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
  Result<Observed> last = fail(Code::in_doubt, "nobody looked");
  for (const Duration pause : observe_pauses) {
    if (pause.count() > 0) (void)co_await hands.world.loop.sleep(pause);
    estate::Reader reader(hands.api, hands.models, hands.kinds, hands.world.loop, scope, {});
    last = co_await effect->observe(reader, step, before);
    if (last && *last == Observed::took_effect) co_return last;
  }
  if (last) co_return last;  // an early look says nothing: the effect may not have shown yet
  co_return fail({.code = Code::in_doubt,
                  .message = fmt::format("whether {} took place could not be found out", step.operation),
                  .operation = step.service + "." + step.operation,
                  .hint = "`reeve resume` looks again",
                  .aws = last.error().aws,
                  .cause = std::make_shared<const Error>(last.error())});
}

}  // namespace reeve::apply
