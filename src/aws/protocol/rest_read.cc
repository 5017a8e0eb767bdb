#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "aws/protocol/common.h"
#include "aws/protocol/json_body.h"
#include "aws/protocol/rest.h"
#include "aws/protocol/scalar.h"
#include "base/encoding.h"

namespace reeve::aws {
namespace {

std::string_view wire_name(const Member& member) {
  return member.location_name.empty() ? member.name : member.location_name;
}

Result<void> read_scalar(Tape& tape, std::string_view text, const Member& member, Keys::Id key) {
  auto wrong = [&](std::string_view what) {
    return fail(Code::malformed, fmt::format("the value of {} is not {}", member.name, what));
  };
  switch (member.shape->type) {
    case ShapeType::string:
      tape.text(key, text);
      return {};
    case ShapeType::blob: {
      const auto bytes = decode_base64(text);
      if (!bytes) return wrong("base64");
      tape.text(key, *bytes, Kind::blob);
      return {};
    }
    case ShapeType::boolean: {
      const auto flag = parse_boolean(text);
      if (!flag) return wrong("true or false");
      tape.push(Kind::boolean, key).boolean = *flag;
      return {};
    }
    case ShapeType::integer:
    case ShapeType::long_integer: {
      const auto number = parse_integer(text);
      if (!number) return wrong("an integer");
      tape.push(Kind::integer, key).integer = *number;
      return {};
    }
    case ShapeType::float_number:
    case ShapeType::double_number: {
      const auto number = parse_real(text);
      if (!number) return wrong("a number");
      tape.push(Kind::real, key).real = *number;
      return {};
    }
    case ShapeType::timestamp: {
      const auto time = parse_time(text);
      if (!time) return wrong("a time");
      tape.push(Kind::timestamp, key).integer = time->us;
      return {};
    }
    default:
      return wrong("a scalar");
  }
}

/// Splits a header that is a list: at commas outside quotes; at every second comma where items are HTTP dates.
std::vector<std::string> header_items(std::string_view text, bool dates) {
  std::vector<std::string> items;
  std::string item;
  bool quoted = false, was_quoted = false;
  std::size_t commas = 0;
  auto end = [&] {
    items.push_back(was_quoted ? item : std::string(trimmed(item)));
    item.clear();
    was_quoted = false;
    commas = 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\' && i + 1 < text.size()) {
        item += text[++i];
      } else if (c == '"') {
        quoted = false;
      } else {
        item += c;
      }
    } else if (c == '"' && trimmed(item).empty()) {
      item.clear();
      quoted = was_quoted = true;
    } else if (c == ',' && (!dates || ++commas == 2)) {
      end();
    } else if (!was_quoted) {
      item += c;
    }
  }
  end();
  return items;
}

Result<void> read_header(Tape& tape, std::string_view text, const Member& member) {
  if (member.json_value) {
    const auto json = decode_base64(text);
    if (!json) return fail(Code::malformed, fmt::format("the value of {} is not base64", member.name));
    std::string storage;
    Member value;
    Shape any;
    any.document = true;
    value.shape = &any;
    return read_json_value(tape, padded(*json, storage), value, member.key);
  }
  if (member.shape->type != ShapeType::list) return read_scalar(tape, text, member, member.key);
  const Member& item = member.shape->item;
  if (item.shape == nullptr) return {};
  const bool dates = item.shape->type == ShapeType::timestamp && (item.timestamp_format == TimestampFormat::unset ||
                                                                  item.timestamp_format == TimestampFormat::rfc822);
  const std::size_t mark = tape.mark();
  if (trimmed(text).empty()) return tape.close(mark, Kind::list, member.key), Result<void>{};
  for (const std::string& part : header_items(text, dates)) TRY(read_scalar(tape, part, item, Keys::none));
  tape.close(mark, Kind::list, member.key);
  return {};
}

/// Matches a path against a URI template's path. Calls `label(name, text)`, the text still encoded; gives the number of
/// fixed parts, or nullopt if it does not fit.
template <class F>
std::optional<std::size_t> match_path(std::string_view pattern, std::string_view path, F label) {
  std::size_t fixed = 0;
  auto next = [](std::string_view& rest) {
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));  // the slash
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end);
    return part;
  };
  while (!pattern.empty()) {
    const std::string_view wanted = next(pattern);
    if (wanted.starts_with('{') && wanted.ends_with("+}")) {
      // A greedy label takes all parts but those that the pattern still names.
      const auto after = static_cast<std::size_t>(std::ranges::count(pattern, '/'));
      std::string_view taken = path.substr(std::min<std::size_t>(1, path.size()));
      for (std::size_t i = 0; i < after; ++i) {
        const std::size_t slash = taken.rfind('/');
        if (slash == std::string_view::npos) return std::nullopt;
        taken = taken.substr(0, slash);
      }
      if (taken.empty()) return std::nullopt;
      label(wanted.substr(1, wanted.size() - 3), taken);
      path.remove_prefix(taken.size() + 1);
    } else if (path.empty()) {
      return wanted.empty() && pattern.empty() ? std::optional(fixed) : std::nullopt;  // "/a/" also fits "/a"
    } else {
      const std::string_view part = next(path);
      if (wanted.starts_with('{') && wanted.ends_with('}')) {
        if (part.empty()) return std::nullopt;
        label(wanted.substr(1, wanted.size() - 2), part);
      } else if (wanted != part && wanted != decode_percent(part)) {
        return std::nullopt;
      } else {
        ++fixed;
      }
    }
  }
  return path.empty() || path == "/" ? std::optional(fixed) : std::nullopt;
}

struct Parameter {
  std::string name, value;
};

std::vector<Parameter> query_parameters(std::string_view query) {
  std::vector<Parameter> parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    parameters.push_back({decode_percent(pair.substr(0, equals), true),
                          decode_percent(pair.substr(std::min(equals + 1, pair.size())), true)});
  }
  return parameters;
}

/// Whether a request has what the operation requires in query string and headers; adds what it found to `found`.
bool has_required(const Operation& operation, const std::vector<Parameter>& parameters, const HttpRequest& request,
                  std::size_t& found) {
  if (operation.input == nullptr) return true;
  for (const Member& member : operation.input->members) {
    if (!member.required || member.shape == nullptr) continue;
    if (member.location == Location::querystring && member.shape->type != ShapeType::map) {
      if (std::ranges::none_of(parameters, [&](const Parameter& p) { return p.name == wire_name(member); }))
        return false;
      ++found;
    } else if (member.location == Location::header) {
      if (std::ranges::none_of(request.headers, [&](const auto& h) { return same_name(h.first, wire_name(member)); })) {
        return false;
      }
      ++found;
    }
  }
  return true;
}

Result<void> read_query_member(Tape& tape, const Member& member, std::vector<Parameter>& parameters,
                               const Shape& around) {
  const Shape& shape = *member.shape;
  const std::size_t mark = tape.mark();
  if (shape.type == ShapeType::map) {
    auto bound = [&](const std::string& name) {
      return std::ranges::any_of(around.members, [&](const Member& m) {
        return &m != &member && m.location == Location::querystring && wire_name(m) == name;
      });
    };
    std::vector<std::string> done;
    for (const Parameter& parameter : parameters) {
      if (bound(parameter.name) || std::ranges::find(done, parameter.name) != done.end()) continue;
      done.push_back(parameter.name);
      tape.text(Keys::none, parameter.name);
      const Member& value = shape.map_value;
      if (value.shape != nullptr && value.shape->type == ShapeType::list) {
        const std::size_t inner = tape.mark();
        for (const Parameter& p : parameters) {
          if (p.name == parameter.name) TRY(read_scalar(tape, p.value, value.shape->item, Keys::none));
        }
        tape.close(inner, Kind::list, Keys::none);
      } else {
        TRY(read_scalar(tape, parameter.value, value, Keys::none));
      }
    }
    if (tape.mark() > mark) tape.close(mark, Kind::map, member.key, true);
    return {};
  }
  const std::string_view name = wire_name(member);
  if (shape.type == ShapeType::list) {
    for (const Parameter& parameter : parameters) {
      if (parameter.name == name) TRY(read_scalar(tape, parameter.value, shape.item, Keys::none));
    }
    if (tape.mark() > mark) tape.close(mark, Kind::list, member.key);
    return {};
  }
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) return read_scalar(tape, parameter.value, member, member.key);
  }
  return {};
}

}  // namespace

Result<void> read_header_bindings(Tape& tape, const Shape& shape, const Headers& headers, int status) {
  for (const Member& member : shape.members) {
    if (member.shape == nullptr) continue;
    if (member.location == Location::status_code) {
      tape.push(Kind::integer, member.key).integer = status;
    } else if (member.location == Location::header) {
      std::string text;
      bool found = false;
      for (const auto& [name, value] : headers) {
        if (!same_name(name, wire_name(member))) continue;
        if (found) text += ", ";
        found = true;
        text += value;
      }
      if (found) TRY(read_header(tape, text, member));
    } else if (member.location == Location::headers) {
      const std::size_t mark = tape.mark();
      for (const auto& [name, value] : headers) {
        if (name.size() < member.location_name.size()) continue;
        if (!same_name(std::string_view(name).substr(0, member.location_name.size()), member.location_name)) continue;
        tape.text(Keys::none, std::string_view(name).substr(member.location_name.size()));
        tape.text(Keys::none, value);
      }
      // An answer's map is there, if empty; a request's says that somebody gave one.
      if (tape.mark() > mark || status != 0) tape.close(mark, Kind::map, member.key, true);
    }
  }
  return {};
}

Result<void> read_target_bindings(Tape& tape, const Operation& operation, std::string_view target) {
  if (operation.input == nullptr) return {};
  const Shape& shape = *operation.input;
  Result<void> outcome;
  match_path(path_of(operation.request_uri), path_of(target), [&](std::string_view label, std::string_view text) {
    for (const Member& member : shape.members) {
      if (member.location != Location::uri || wire_name(member) != label || member.shape == nullptr || !outcome)
        continue;
      outcome = read_scalar(tape, decode_percent(text), member, member.key);
    }
  });
  TRY(std::move(outcome));
  auto parameters = query_parameters(query_of(target));
  for (const Parameter& fixed : query_parameters(query_of(operation.request_uri))) {
    std::erase_if(parameters, [&](const Parameter& p) { return p.name == fixed.name && p.value == fixed.value; });
  }
  for (const Member& member : shape.members) {
    if (member.location != Location::querystring || member.shape == nullptr) continue;
    TRY(read_query_member(tape, member, parameters, shape));
  }
  return {};
}

const Operation* route_by_target(const ServiceModel& model, const HttpRequest& request) {
  const Operation* best = nullptr;
  std::size_t most = 0;
  const std::string_view target = request.target;
  const auto parameters = query_parameters(query_of(target));
  for (const std::string_view name : model.operation_names()) {
    const Operation* operation = model.find_operation(name);
    if (operation->method != request.method) continue;
    auto fixed = match_path(path_of(operation->request_uri), path_of(target), [](auto, auto) {});
    if (!fixed) continue;
    bool fits = true;
    for (const Parameter& wanted : query_parameters(query_of(operation->request_uri))) {
      fits = fits && std::ranges::any_of(parameters, [&](const Parameter& p) {
               return p.name == wanted.name && p.value == wanted.value;
             });
      ++*fixed;
    }
    fits = fits && has_required(*operation, parameters, request, *fixed);
    if (fits && (best == nullptr || *fixed > most || (*fixed == most && best->deprecated && !operation->deprecated))) {
      best = operation, most = *fixed;
    }
  }
  return best;
}

const Member* payload_of(const Shape& shape) { return shape.payload.empty() ? nullptr : shape.find(shape.payload); }

bool is_raw(const Member& payload) {
  return payload.shape != nullptr && !payload.shape->document &&
         (payload.shape->type == ShapeType::blob || payload.shape->type == ShapeType::string);
}

void read_raw_payload(Tape& tape, std::string_view body, const Member& payload) {
  if (!body.empty()) tape.text(payload.key, body, payload.shape->type == ShapeType::blob ? Kind::blob : Kind::text);
}

bool has_body_members(const Shape& shape) {
  return std::ranges::any_of(shape.members, [](const Member& m) { return m.location == Location::body; });
}

}  // namespace reeve::aws
