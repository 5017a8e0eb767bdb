#include "policy/filters/event.h"

namespace reeve::policy {

std::unique_ptr<Filter> EventFilter::make(const Build& build) {
  if (!ValueFilter::make(build)) return nullptr;
  return std::make_unique<EventFilter>();
}

}  // namespace reeve::policy
