#include "sandbox/services/autoscaling_instances.h"

#include <fmt/format.h>

/// Instances that services start and end.
namespace reeve::sandbox {

void end_instance(Store& store, Region& region, Instance& instance, std::string_view state, Time at) {
  if (instance.state == "terminated" || instance.state == state) return;
  constexpr Duration on_aws = std::chrono::seconds(30);
  const Calendar t = to_calendar(at);
  region.instances.hide(instance.id, store.stale_until(at), at);
  instance.state = state;
  instance.due = store.behaviour == Behaviour::aws ? at + on_aws : at;
  instance.state_reason_code = "Client.UserInitiatedShutdown";
  instance.state_reason_message = "Client.UserInitiatedShutdown: User initiated shutdown";
  instance.state_transition_reason = fmt::format("User initiated ({:04}-{:02}-{:02} {:02}:{:02}:{:02} GMT)", t.year,
                                                 t.month, t.day, t.hour, t.minute, t.second);
  store.schedule(*instance.due, Due::instance, region, instance.id);
}

}  // namespace reeve::sandbox
