#include "base/keys.h"

#include <cstring>
#include <functional>

#include "base/limits.h"
#include "base/result.h"

namespace reeve {

/// An open-addressed hash table of ids that only ever gains entries; a full one is replaced, never changed in size.
struct Keys::Table {
  explicit Table(std::size_t capacity) : mask(capacity - 1), slots(new std::atomic<Id>[capacity]) {
    for (std::size_t i = 0; i < capacity; ++i) slots[i].store(none, std::memory_order_relaxed);
  }
  std::size_t mask;
  std::unique_ptr<std::atomic<Id>[]> slots;
};

Keys::Keys() {
  tables_.push_back(std::make_unique<Table>(1024));
  table_.store(tables_.back().get(), std::memory_order_release);
}
Keys::~Keys() = default;

Keys::Id Keys::find(std::string_view name) const {
  const Table* table = table_.load(std::memory_order_acquire);
  for (std::size_t i = std::hash<std::string_view>{}(name);; ++i) {
    const Id id = table->slots[i & table->mask].load(std::memory_order_acquire);
    if (id == none || this->name(id) == name) return id;
  }
}

std::string_view Keys::name(Id id) const { return names_[id / chunk].load(std::memory_order_acquire)[id % chunk]; }

Keys::Id Keys::intern(std::string_view name) {
  if (const Id id = find(name); id != none) return id;
  const std::lock_guard lock(mutex_);
  if (const Id id = find(name); id != none) return id;
  REEVE_ASSERT(size_ < limits::interned_keys);
  const Id id = size_++;
  if (id % chunk == 0) {
    chunks_.push_back(std::make_unique<std::string_view[]>(chunk));
    names_[id / chunk].store(chunks_.back().get(), std::memory_order_release);
  }
  texts_.push_back(std::make_unique<char[]>(name.size() + 1));
  std::memcpy(texts_.back().get(), name.data(), name.size());
  chunks_.back()[id % chunk] = std::string_view(texts_.back().get(), name.size());

  auto put = [this](const Table& table, Id what) {
    std::size_t i = std::hash<std::string_view>{}(this->name(what));
    while (table.slots[i & table.mask].load(std::memory_order_relaxed) != none) ++i;
    table.slots[i & table.mask].store(what, std::memory_order_release);
  };
  const Table* table = tables_.back().get();
  if (size_ * 2 > table->mask) {
    tables_.push_back(std::make_unique<Table>((table->mask + 1) * 2));
    table = tables_.back().get();
    for (Id old = 0; old < size_; ++old) put(*table, old);
    table_.store(table, std::memory_order_release);
  } else {
    put(*table, id);
  }
  return id;
}

}  // namespace reeve
