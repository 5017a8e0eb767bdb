#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "aws/model.h"
#include "aws/protocol/codec.h"
#include "aws/protocol/scalar.h"
#include "aws/protocol/xml_scanner.h"
#include "base/json.h"

/// What the two halves of the protocol suites share: finding the files, making a model of each suite, the ledger of
/// skipped cases, and comparing values as botocore's own runner does (../shared/conformance/protocols/README.md).
namespace reeve::aws::suite {

inline std::string root() {
  const char* shared = std::getenv("REEVE_SHARED");
  return std::string(shared != nullptr ? shared : "../shared") + "/conformance/protocols/";
}

inline std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// One case: its model, operation and JSON.
struct Case {
  std::string id;  ///< "input/ec2/Ec2QueryEmptyInputAndEmptyOutput"
  std::shared_ptr<const ServiceModel> model;
  const Operation* operation;
  Value json, suite;
};

/// The JSON text of a service model with one operation.
inline std::string model_text(Value suite, Value given) {
  Builder b;
  b.begin_map();
  b.put("metadata", suite["metadata"]);
  b.put("shapes", suite["shapes"]);
  b.begin_map("operations");
  b.put(given["name"].as_text(), given);
  b.end();
  b.end();
  return to_json(b.finish());
}

/// Runs every case of `folder` ("input") for one protocol. `check` gives the empty text for a case that holds, else
/// what was wrong. Cases in protocols_skips.tsv must fail.
inline void run(const std::string& folder, const std::string& protocol,
                const std::function<std::string(const Case&)>& check) {
  const std::string file = root() + folder + "/" + protocol + ".json";
  const std::string text = read_text(file);
  if (text.empty()) {
    fmt::print("the protocol suites are not here ({}): set REEVE_SHARED\n", file);
    return;
  }
  std::map<std::string, std::string> skips;
  std::istringstream lines(read_text("tests/conformance/protocols_skips.tsv"));
  for (std::string line; std::getline(lines, line);) {
    if (const auto tab = line.find('\t'); tab != std::string::npos && line[0] != '#') {
      skips[line.substr(0, tab)] = line.substr(tab + 1);
    }
  }
  const auto suites = parse_json(text);
  ASSERT_TRUE(suites) << suites.error().text();
  std::size_t passed = 0, skipped = 0, number = 0;
  for (const Value suite : suites->root().items()) {
    ++number;
    std::size_t index = 0;
    for (const Value one : suite["cases"].items()) {
      ++index;
      Case c;
      c.id = folder + "/" + protocol + "/" +
             (one["id"].is_text() ? one["id"].as_string() : fmt::format("{}.{}", number, index));
      const auto model =
          ServiceModel::parse("suite", model_text(suite, one["given"]), "", "", "", std::make_shared<Keys>());
      ASSERT_TRUE(model) << c.id << ": " << model.error().text();
      c.model = *model;
      c.operation = c.model->find_operation(one["given"]["name"].as_text());
      ASSERT_NE(c.operation, nullptr) << c.id;
      c.json = one;
      c.suite = suite;
      const std::string fault = check(c);
      if (skips.contains(c.id)) {
        ++skipped;
        EXPECT_NE(fault, "") << c.id << " passes: take it off the ledger";
      } else {
        EXPECT_EQ(fault, "") << c.id << " (" << suite["description"].as_text() << ": " << one["description"].as_text()
                             << ")";
        passed += fault.empty() ? 1 : 0;
      }
      skips.erase(c.id);
    }
  }
  for (const auto& [id, reason] : skips) {
    EXPECT_FALSE(id.starts_with(folder + "/" + protocol + "/")) << id << " is on the ledger but not in the suite";
  }
  fmt::print("protocols {}/{}: {} passed, {} skipped\n", folder, protocol, passed, skipped);
}

/// Whether a decoded value is what the suite expects: times as seconds since 1970, bytes as texts, NaN and Infinity by
/// name; an expected null is a member that is absent.
inline bool same(Value expected, Value got) {
  switch (got.kind()) {
    case Kind::timestamp:
      return expected.is_number() && std::abs(expected.as_real() - static_cast<double>(got.as_time().us) / 1e6) < 1e-6;
    case Kind::blob:
      return expected.is_text() && expected.as_text() == got.as_text();
    case Kind::real:
      if (expected.is_text()) {
        const auto text = expected.as_text();
        return text == "NaN" ? std::isnan(got.as_real())
                             : std::isinf(got.as_real()) && (got.as_real() < 0) == (text == "-Infinity");
      }
      return expected.is_number() && std::abs(expected.as_real() - got.as_real()) <= 1e-9 * std::abs(got.as_real());
    case Kind::list:
      if (!expected.is_list() || expected.size() != got.size()) return false;
      for (std::size_t i = 0; i < got.size(); ++i) {
        if (!same(expected[i], got[i])) return false;
      }
      return true;
    case Kind::map: {
      if (!expected.is_map()) return false;
      for (const auto [key, value] : expected.entries()) {
        const auto other = got.find(key);
        if (other ? !same(value, *other) : !value.is_null()) return false;
      }
      for (const auto [key, value] : got.entries()) {
        if (!expected.find(key)) return false;
      }
      return true;
    }
    default:
      return expected == got;
  }
}

/// Equal content, where NaN equals itself.
inline bool equal(Value a, Value b) {
  if (a.kind() == Kind::real && b.kind() == Kind::real && std::isnan(a.as_real()) && std::isnan(b.as_real()))
    return true;
  if (a.is_map() && b.is_map() && a.size() == b.size()) {
    for (const auto [key, value] : a.entries()) {
      if (!b.find(key) || !equal(value, b[key])) return false;
    }
    return true;
  }
  return a == b;
}

/// One element as a text that is the same for all ways of writing it: attributes sorted, texts trimmed.
inline bool append_canonical_xml(XmlScanner& scan, std::string_view name, std::string& out) {
  bool empty = false, found = false;
  std::vector<XmlScanner::Attribute> attributes;
  if (!scan.open(empty, attributes)) return false;
  std::ranges::sort(attributes, {}, &XmlScanner::Attribute::name);
  out += fmt::format("<{}", name);
  for (const auto& [key, value] : attributes) out += fmt::format(" {}='{}'", key, value);
  out += ">";
  std::string_view text;
  const char* const inside = scan.position();
  if (!empty && !scan.to_child(found)) return false;
  if (!empty) scan.go_to(inside);
  if (found) {
    for (std::string_view child;;) {
      if (!scan.child(child, found)) return false;
      if (!found) break;
      if (!append_canonical_xml(scan, child, out)) return false;
    }
  } else if (!empty && !scan.text(text)) {
    return false;
  }
  out += fmt::format("{}</>", trimmed(text));
  return empty || scan.close(name);
}

/// The text above for a whole body; what was wrong for one that is not XML.
inline std::string canonical_xml(std::string body) {
  const std::size_t size = body.size();
  body.append(64, '\0');
  XmlScanner scan(std::string_view(body).substr(0, size));
  std::string out;
  std::string_view root;
  if (!scan.root(root) || !append_canonical_xml(scan, root, out) || !scan.finish()) return scan.error().text();
  return out;
}

}  // namespace reeve::aws::suite
