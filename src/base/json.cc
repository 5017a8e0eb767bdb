#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"

namespace reeve {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

/// Errors: malformed, where a key stands twice.
Result<void> check_keys(simdjson::dom::object object) {
  std::array<std::string_view, 16> few;  // most objects have no more: then nothing is allocated and nothing sorted
  std::vector<std::string_view> many;
  std::size_t count = 0;
  const auto twice = [](std::string_view key) {
    return fail(Code::malformed, fmt::format("the key '{}' stands twice in one JSON object", key));
  };
  for (const auto field : object) {
    const std::string_view key = field.key;
    if (count == few.size()) many.assign(few.begin(), few.end());
    if (count < few.size()) {
      if (std::find(few.begin(), few.begin() + count, key) != few.begin() + count) return twice(key);
      few[count] = key;
    } else {
      many.push_back(key);
    }
    ++count;
  }
  std::ranges::sort(many);
  if (const auto found = std::ranges::adjacent_find(many); found != many.end()) return twice(*found);
  return {};
}

Result<void> build(Builder& b, element from, std::size_t depth) {
  if (depth > limits::document_depth) return fail(Code::limit_exceeded, "JSON nests too deeply");
  switch (from.type()) {
    case element_type::ARRAY:
      b.begin_list();
      for (const element item : simdjson::dom::array(from)) TRY(build(b, item, depth + 1));
      b.end();
      return {};
    case element_type::OBJECT: {
      const simdjson::dom::object object = from;
      TRY(check_keys(object));
      b.begin_map();
      for (const auto field : object) {
        b.key(field.key);
        TRY(build(b, field.value, depth + 1));
      }
      b.end();
      return {};
    }
    case element_type::INT64:
      b.add(std::int64_t(from));
      return {};
    case element_type::UINT64:
      b.add(static_cast<double>(std::uint64_t(from)));
      return {};
    case element_type::DOUBLE:
      b.add(double(from));
      return {};
    case element_type::STRING:
      b.add(std::string_view(from));
      return {};
    case element_type::BOOL:
      b.add(bool(from));
      return {};
    case element_type::NULL_VALUE:
      b.null();
      return {};
  }
  return fail(Code::malformed, "not JSON");
}

class Writer {
 public:
  Writer(int indent, bool sorted) : indent_(indent), sorted_(sorted) {}
  std::string take() { return std::move(out_); }

  void write(Value v) {
    switch (v.kind()) {
      case Kind::null:
        out_ += "null";
        break;
      case Kind::boolean:
        out_ += v.as_bool() ? "true" : "false";
        break;
      case Kind::integer:
        fmt::format_to(std::back_inserter(out_), "{}", v.as_integer());
        break;
      case Kind::real:
        real(v.as_real());
        break;
      case Kind::text:
        append_json_string(out_, v.as_text());
        break;
      case Kind::timestamp:
        append_json_string(out_, format_iso8601(v.as_time()));
        break;
      case Kind::blob:
        append_json_string(out_, encode_base64(v.as_text()));
        break;
      case Kind::unknown:
        out_ += indent_ > 0 ? "{\"$unknown\": " : "{\"$unknown\":";
        append_json_string(out_, v.as_text());
        out_ += '}';
        break;
      case Kind::list: {
        bool first = true;
        open('[');
        for (const Value item : v.items()) {
          next(first);
          write(item);
        }
        close(']', first);
        break;
      }
      case Kind::map:
        map(v);
        break;
    }
  }

 private:
  void map(Value v) {
    bool first = true;
    open('{');
    auto entry = [&](std::string_view key, Value value) {
      next(first);
      append_json_string(out_, key);
      out_ += indent_ > 0 ? ": " : ":";
      write(value);
    };
    if (sorted_) {
      std::vector<std::pair<std::string_view, Value>> entries;
      for (const auto e : v.entries()) entries.push_back(e);
      std::ranges::sort(entries, {}, [](const auto& e) { return e.first; });
      for (const auto& [key, value] : entries) entry(key, value);
    } else {
      for (const auto [key, value] : v.entries()) entry(key, value);
    }
    close('}', first);
  }
  void real(double x) {
    if (std::isnan(x)) {
      out_ += "\"NaN\"";
    } else if (std::isinf(x)) {
      out_ += x > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    } else if (sorted_ && std::trunc(x) == x && std::abs(x) < 0x1p63) {
      fmt::format_to(std::back_inserter(out_), "{}", static_cast<std::int64_t>(x));  // as the equal integer; -0 is 0
    } else {
      fmt::format_to(std::back_inserter(out_), "{}", x);
    }
  }
  void open(char c) {
    out_ += c;
    ++depth_;
  }
  void next(bool& first) {
    if (!first) out_ += ',';
    first = false;
    line();
  }
  void close(char c, bool empty) {
    --depth_;
    if (!empty) line();
    out_ += c;
  }
  void line() {
    if (indent_ == 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(indent_) * static_cast<std::size_t>(depth_), ' ');
  }
  int indent_;
  bool sorted_;
  int depth_ = 0;
  std::string out_;
};

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // where the run of bytes that stand for themselves begins
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    const std::size_t sequence = c < 0x80 ? 0 : utf8_sequence(text.substr(i));
    if (sequence > 0) {
      i += sequence;
      continue;
    }
    out += text.substr(plain, i - plain);
    plain = ++i;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (c < 0x80) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
        } else {
          out += "\xEF\xBF\xBD";
        }
    }
  }
  out += text.substr(plain);
  out += '"';
}

struct JsonParser::Impl {
  simdjson::dom::parser parser;
  Builder builder;  // for texts without Keys
};
JsonParser::JsonParser() : impl_(std::make_unique<Impl>()) {}
JsonParser::JsonParser(JsonParser&&) noexcept = default;
JsonParser& JsonParser::operator=(JsonParser&&) noexcept = default;
JsonParser::~JsonParser() = default;

Result<Document> parse_json(std::string_view text, const std::shared_ptr<const Keys>& keys) {
  return JsonParser().parse(text, keys);
}

Result<Document> JsonParser::parse(std::string_view text, const std::shared_ptr<const Keys>& keys) {
  if (text.empty()) return fail(Code::malformed, "not valid JSON: the text is empty");
  if (text.size() > limits::response_body_bytes) return fail(Code::limit_exceeded, "the JSON text is too large");
  element root;
  if (const auto error = impl_->parser.parse(text.data(), text.size()).get(root); error != simdjson::SUCCESS) {
    const Code code = error == simdjson::DEPTH_ERROR ? Code::limit_exceeded : Code::malformed;
    return fail(code, fmt::format("not valid JSON: {}", simdjson::error_message(error)));
  }
  if (keys) {
    Builder b(keys);
    TRY(build(b, root, 0));
    return b.finish();
  }
  if (auto built = build(impl_->builder, root, 0); !built) {
    impl_->builder = Builder();
    return std::unexpected(std::move(built).error());
  }
  return impl_->builder.finish();
}

std::string to_json(Value value, int indent) {
  Writer w(indent, false);
  w.write(value);
  return w.take();
}

std::string canonical_json(Value value) {
  Writer w(0, true);
  w.write(value);
  return w.take();
}

}  // namespace reeve
