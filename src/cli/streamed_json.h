#pragma once
#include <string_view>

#include "base/document.h"

namespace reeve::cli {

/// Prints one JSON object on standard output member by member, laid out as print_json does, for results with lists that
/// nobody holds in memory. Begins with `"format": 1`; ends when it is destroyed.
class StreamedJson {
 public:
  StreamedJson();
  ~StreamedJson();
  StreamedJson(const StreamedJson&) = delete;
  StreamedJson& operator=(const StreamedJson&) = delete;
  void member(std::string_view key, Value value);
  /// A member that is a list; item() adds to it.
  void begin_list(std::string_view key);
  void item(Value value);
  void end_list();

 private:
  void key(std::string_view key);
  bool in_list_ = false;
  bool empty_ = true;  ///< of the list
};

}  // namespace reeve::cli
