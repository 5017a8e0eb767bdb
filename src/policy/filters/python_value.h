#pragma once
#include <optional>

#include "base/document.h"
#include "policy/filter.h"

namespace reeve::policy {

/// What Python's operators say of policies' values, in three values: where the answer depends on an unknown part, it is
/// unknown. Texts compare by code points, booleans are the integers 0 and 1 (docs.python.org, "Value comparisons").

/// a == b.
Truth equal(Value a, Value b);

/// How a and b are ordered; `none` where Python raises TypeError (a text and a number, null, maps).
enum class Order : std::uint8_t { less, same, more, none, unknown };
Order order(Value a, Value b);

/// bool(a): false are null, false, 0, "" and empty lists and maps.
Truth truthy(Value a);

/// `item in container`: an item of a list, a key of a map, a part of a text. nullopt where Python raises TypeError.
std::optional<Truth> is_in(Value item, Value container);

/// set(a) & set(b) is not empty; set(a) - set(b) is not empty. Texts are sets of their letters, maps of their keys.
/// nullopt where Python raises TypeError: no container, or items that have no hash.
std::optional<Truth> intersects(Value a, Value b);
std::optional<Truth> differs(Value a, Value b);

/// Number of different items: len(set(a)). nullopt where Python raises TypeError.
std::optional<std::size_t> distinct_items(Value a);

/// bool(a % b). nullopt where Python raises, also for a division by zero. Texts on the left format: only a text without
/// placeholders and an empty container on the right do not raise.
std::optional<Truth> remainder(Value a, Value b);

}  // namespace reeve::policy
