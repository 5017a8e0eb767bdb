#pragma once
#include <cstdint>
#include <string_view>

namespace reeve::text::jmespath {

/// What an argument may be; bits, joined with |.
enum Wants : std::uint16_t {
  number = 1,
  string = 2,
  boolean = 4,
  array = 8,
  object = 16,
  null = 32,
  reference = 64,
  array_of_number = 128,
  array_of_string = 256,
  timestamp = 512,
  blob = 1024,
  any = number | string | boolean | array | object | null | timestamp | blob
};

enum class Function : std::uint8_t {
  abs,
  avg,
  ceil,
  contains,
  ends_with,
  floor,
  from_json,
  join,
  keys,
  length,
  map,
  max,
  max_by,
  merge,
  min,
  min_by,
  not_null,
  reverse,
  sort,
  sort_by,
  split,
  starts_with,
  sum,
  to_array,
  to_number,
  to_string,
  type,
  values
};

struct Signature {
  std::string_view name;
  Function function;
  std::uint8_t count;      // arguments, at least
  bool more = false;       // any number of further arguments, as the last one
  std::uint16_t wants[2];  // of each argument
  bool of_policy = false;  // not JMESPath's own
};

inline constexpr Signature functions[] = {
    {"abs", Function::abs, 1, false, {number}},
    {"avg", Function::avg, 1, false, {array_of_number}},
    {"ceil", Function::ceil, 1, false, {number}},
    {"contains", Function::contains, 2, false, {array | string, any}},
    {"ends_with", Function::ends_with, 2, false, {string, string}},
    {"floor", Function::floor, 1, false, {number}},
    {"from_json", Function::from_json, 1, false, {string}, true},
    {"join", Function::join, 2, false, {string, array_of_string}},
    {"keys", Function::keys, 1, false, {object}},
    {"length", Function::length, 1, false, {string | array | object}},
    {"map", Function::map, 2, false, {reference, array}},
    {"max", Function::max, 1, false, {array_of_number | array_of_string}},
    {"max_by", Function::max_by, 2, false, {array, reference}},
    {"merge", Function::merge, 1, true, {object}},
    {"min", Function::min, 1, false, {array_of_number | array_of_string}},
    {"min_by", Function::min_by, 2, false, {array, reference}},
    {"not_null", Function::not_null, 1, true, {any}},
    {"reverse", Function::reverse, 1, false, {array | string}},
    {"sort", Function::sort, 1, false, {array_of_number | array_of_string}},
    {"sort_by", Function::sort_by, 2, false, {array, reference}},
    {"split", Function::split, 2, false, {string, string}, true},
    {"starts_with", Function::starts_with, 2, false, {string, string}},
    {"sum", Function::sum, 1, false, {array_of_number}},
    {"to_array", Function::to_array, 1, false, {any}},
    {"to_number", Function::to_number, 1, false, {any}},
    {"to_string", Function::to_string, 1, false, {any}},
    {"type", Function::type, 1, false, {any}},
    {"values", Function::values, 1, false, {object}},
};

}  // namespace reeve::text::jmespath
