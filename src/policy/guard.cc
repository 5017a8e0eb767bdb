#include "policy/guard.h"

#include "policy/guards/guards.h"

namespace reeve::policy {

const Guard* find_guard(std::string_view name) {
  const Guard* const all[] = {&protected_guard(),
                              &images_guard(),
                              &launch_templates_guard(),
                              &launch_configurations_guard(),
                              &sharing_guard(),
                              &managed_guard(),
                              &lock_guard(),
                              &archive_minimum_guard(),
                              &archive_quota_guard(),
                              &fast_restore_guard(),
                              &recycle_bin_guard()};
  for (const Guard* guard : all) {
    if (guard->name() == name) return guard;
  }
  return nullptr;
}

Task<Listed> list_items(Context& context, std::string_view service, std::string_view operation, Document params) {
  std::string in_service(service), of_operation(operation);
  auto items = co_await context.reader.items(std::move(in_service), std::move(of_operation), std::move(params));
  Listed listed;
  if (items) {
    listed.items = *std::move(items);
  } else {
    listed.problem = items.error().text();
  }
  co_return listed;
}

}  // namespace reeve::policy
