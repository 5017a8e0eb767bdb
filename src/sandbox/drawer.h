#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

/// Where a service keeps what is its own, so that store.h need not know every service: a drawer a service, in each
/// region, or in the account for a service that has no regions.
namespace reeve::sandbox {

class EstateTables;
class Store;
struct Region;

using Tags = std::map<std::string, std::string, std::less<>>;

/// Takes a resource that may bear tags: its ARN, its type as the tagging API filters by it ("sqs:queue"), its tags.
using TagVisitor = std::function<void(const std::string& arn, std::string_view type, Tags& tags)>;
/// Where a drawer is, for the ARNs of its rows; `region` is empty in an account's drawer.
struct DrawerPlace {
  std::string account, region;
};

/// One service's part of a region or of an account. A service derives its own with `static constexpr std::string_view
/// name` and tables as members, in services/NAME.h or in its one file.
class Drawer {
 public:
  virtual ~Drawer() = default;
  /// Shows each table by its name in estate files: they are read, written and made consistent by this.
  virtual void each_table(EstateTables& tables) = 0;
  /// Does what is due and says when something is due next; Store::wake brings it here. Drawers of accounts never wake.
  virtual std::optional<Time> settle(Store&, Region&, Time) { return std::nullopt; }
  /// Shows each resource that may bear tags, whether it has some or not: the tagging API reads and writes them so.
  virtual void each_tagged(const DrawerPlace&, const TagVisitor&) {}
};

/// The drawers of one place, made when they are first opened.
class Drawers {
 public:
  template <class T>
  T& of() {
    auto& drawer = drawers_[T::name];
    if (!drawer) drawer = std::make_unique<T>();
    return static_cast<T&>(*drawer);
  }
  /// nullptr where nobody opened it yet.
  template <class T>
  T* find() const {
    return static_cast<T*>(find(T::name));
  }
  Drawer* find(std::string_view name) const {
    auto at = drawers_.find(name);
    return at == drawers_.end() ? nullptr : at->second.get();
  }
  auto begin() const { return drawers_.begin(); }
  auto end() const { return drawers_.end(); }

 private:
  std::map<std::string_view, std::unique_ptr<Drawer>> drawers_;
};

/// How the store makes a service's drawers when it reads an estate.
struct DrawerKind {
  std::string_view name;
  bool of_account = false;
  void (*open)(Drawers& drawers);
};

/// What one service hands to another: a topic's message to a queue, an alarm's to a scaling policy, a schedule's to a
/// function.
struct Delivery {
  std::string source_arn;
  std::string subject;
  std::string body;
  std::map<std::string, std::string, std::less<>> attributes;
  Time at;
};

}  // namespace reeve::sandbox
