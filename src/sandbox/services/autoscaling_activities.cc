#include "sandbox/service.h"

/// Auto Scaling groups at work: activities, policies, hooks.
namespace reeve::sandbox {

void register_autoscaling_activities(Registry&) {}

}  // namespace reeve::sandbox
