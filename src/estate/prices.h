#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace reeve::estate {

/// A dated table of list prices (data/prices/*.csv: service,sku,unit,price_usd,source,as_of,note), for one region.
class Prices {
 public:
  /// The table that ships with Reeve (us-east-1).
  static Result<Prices> embedded();
  /// Errors: invalid_input with line.
  static Result<Prices> parse(std::string_view csv, std::string_view file_name, std::string region);
  struct Price {
    double usd = 0;
    std::string unit, as_of, source;
  };
  /// nullopt for another region than the table's, or a sku that it lacks: then no figure is given.
  std::optional<Price> find(std::string_view region, std::string_view service, std::string_view sku) const;
  const std::string& region() const { return region_; }

 private:
  std::string region_;
  std::map<std::string, Price, std::less<>> prices_;  // "service/sku"
};

}  // namespace reeve::estate
