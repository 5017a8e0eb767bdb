#include "policy/action.h"

namespace reeve::policy {

bool operator==(const Step& a, const Step& b) {
  return a.type == b.type && a.service == b.service && a.operation == b.operation && a.params.root() == b.params.root();
}

std::string_view name(UndoClass undo) {
  switch (undo) {
    case UndoClass::exact:
      return "exact";
    case UndoClass::approximate:
      return "approximate";
    case UndoClass::none:
      return "none";
  }
  return "none";
}

std::string_view name(RiskLevel level) {
  switch (level) {
    case RiskLevel::low:
      return "low";
    case RiskLevel::medium:
      return "medium";
    case RiskLevel::high:
      return "high";
  }
  return "high";
}

}  // namespace reeve::policy
