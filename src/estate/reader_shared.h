#pragma once
#include <map>
#include <memory>
#include <string>

#include "estate/reader.h"

namespace reeve::estate {

/// An answer that several may wait for: the first who asks fetches it.
template <class T>
struct Pending {
  explicit Pending(Loop& loop) : done(loop) {}
  Event done;
  Result<std::shared_ptr<const T>> result = std::shared_ptr<const T>();
};

/// What one reader has listed, by kind or by question.
struct Reader::Shared {
  template <class T>
  using Table = std::map<std::string, std::shared_ptr<Pending<T>>, std::less<>>;
  Table<Listing> listings, censuses;
  Table<Items> items;
};

}  // namespace reeve::estate
