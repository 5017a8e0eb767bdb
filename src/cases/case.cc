#include "cases/case.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/recording.h"
#include "base/json.h"
#include "base/limits.h"
#include "text/yaml.h"

namespace reeve::cases {
namespace {

constexpr std::string_view case_keys[] = {"test",    "run",    "flight",  "resource", "kind",  "mode",
                                          "policy",  "event",  "count",   "ids",      "calls", "now",
                                          "account", "region", "answers", "vars",     "format"};

class CaseReader {
 public:
  CaseReader(Disk& disk, const std::string& path, CaseFolders folders)
      : disk_(disk), path_(path), folders_(std::move(folders)) {}

  Result<Case> read(const Document& list, Value item, std::size_t number) {
    where_ = fmt::format("{}: case {}", path_, number);
    if (!item.is_map()) return wrong("is no map");
    Case out{.test = item["test"].as_string(), .run = item["run"].as_integer()};
    if (out.test.empty()) return wrong("needs the key \"test\": its name");
    where_ = fmt::format("{}: {}", path_, out.test);
    for (const auto [key, value] : item.entries()) {
      if (std::ranges::find(case_keys, key) == std::end(case_keys))
        return wrong(fmt::format("has the unknown key \"{}\"", key));
    }
    out.name = fmt::format("{}#{}", out.test, out.run);
    TRY(read_policy(list, item, out));
    TRY(read_answers(item, out));
    TRY(read_surroundings(list, item, out));
    TRY(read_expectations(list, item, out));
    return out;
  }

 private:
  std::unexpected<Error> wrong(const std::string& what) const {
    return fail({.code = Code::invalid_input, .message = where_ + " " + what});
  }

  Result<void> read_policy(const Document& list, Value item, Case& out) {
    const Value policy = item["policy"];
    if (policy.is_map()) {
      out.policy = list.part(policy);
      out.vars = list.part(item["vars"]);
      return {};
    }
    if (!policy.is_text()) return wrong("needs the key \"policy\": a policy, or FILE or FILE#NAME");
    const std::string text = policy.as_string();
    const auto mark = text.rfind('#');
    const std::string file = text.substr(0, mark);
    const std::string name = mark == std::string::npos ? std::string() : text.substr(mark + 1);
    const std::string path = file.starts_with('/') ? file : folders_.beside + "/" + file;
    TRY(const std::string content, disk_.read_file(path, limits::text_file_bytes));
    TRY(const auto yaml, text::parse_yaml(content, path));
    for (const Value one : yaml.root()["policies"].items()) {
      if (!name.empty() && one["name"].as_text() != name) continue;
      out.policy = yaml.document().part(one);
      out.vars = yaml.document().part(yaml.root()["vars"]);
      return {};
    }
    return wrong(name.empty() ? path + " holds no policy" : fmt::format("{} holds no policy {}", path, name));
  }

  Result<void> read_answers(Value item, Case& out) {
    const Value flight = item["flight"];
    const Value first = flight.is_list() ? flight[std::size_t{0}] : flight;
    const std::string_view folder = (first.is_list() ? first[std::size_t{0}] : first).as_text();
    if (!folder.empty())
      out.flight = folder.starts_with('/') ? std::string(folder) : fmt::format("{}/{}", folders_.flight, folder);
    for (const auto [operation, answers] : item["answers"].entries()) {
      const std::string name(operation);
      if (!answers.is_list()) return wrong(fmt::format("answers of {} must be a list", name));
      std::size_t number = 0;
      for (const Value answer : answers.items()) {
        // A bare answer is what AWS sends with status 200.
        const std::string text =
            answer.find("status_code") ? to_json(answer) : R"({"status_code": 200, "data": )" + to_json(answer) + "}";
        out.answers[fmt::format("{}_{}.json", name, ++number)] = text;
      }
    }
    if (out.flight.empty() && out.answers.empty()) return wrong("needs \"flight\" or \"answers\"");
    return {};
  }

  Result<void> read_surroundings(const Document& list, Value item, Case& out) {
    out.account = item["account"].is_text() ? item["account"].as_string() : std::string(recorded_account);
    out.region = item["region"].as_text_or("us-east-1");
    if (!item["event"].is_null()) out.event = list.part(item["event"]);
    const Value now = item["now"];
    if (now.kind() == Kind::timestamp) {
      out.now = now.as_time();
    } else if (now.is_text()) {
      const auto time = parse_iso8601(now.as_text());
      if (!time) return wrong("has a \"now\" that is no time: " + time.error().message);
      out.now = *time;
    }
    return {};
  }

  Result<void> read_expectations(const Document& list, Value item, Case& out) {
    if (const Value ids = item["ids"]; ids.is_list()) {
      out.ids.emplace();
      for (const Value id : ids.items()) out.ids->push_back(id.is_text() ? id.as_string() : to_json(id));
    } else if (!ids.is_null()) {
      return wrong("has \"ids\" that are no list");
    }
    if (const Value count = item["count"]; count.kind() == Kind::integer && count.as_integer() >= 0) {
      out.count = static_cast<std::size_t>(count.as_integer());
    } else if (!count.is_null()) {
      return wrong("has a \"count\" that is no whole number from 0");
    }
    if (const Value calls = item["calls"]; calls.is_list()) {
      for (const Value call : calls.items()) {
        if (!call.is_list()) return wrong("has \"calls\" that are not lists of service, operation, parameters, outcome");
      }
      out.calls = list.part(calls);
    } else if (!calls.is_null()) {
      return wrong("has \"calls\" that are no list");
    }
    return {};
  }

  Disk& disk_;
  const std::string& path_;
  CaseFolders folders_;
  std::string where_;
};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

Result<std::vector<Case>> read_cases(Disk& disk, const std::string& path, const std::string& flight) {
  TRY(const std::string text, disk.read_file(path, limits::text_file_bytes));
  Document document;
  if (path.ends_with(".json")) {
    auto parsed = parse_json(text);
    if (!parsed) {
      return fail({.code = Code::invalid_input, .message = path + ": " + parsed.error().message, .resource = path});
    }
    document = *std::move(parsed);
  } else {
    TRY(const auto yaml, text::parse_yaml(text, path));
    document = yaml.document();
  }
  // A list, or a file of ours that has it under "cases".
  const Value list = document.root().is_map() ? document["cases"] : document.root();
  if (!list.is_list()) {
    return fail({.code = Code::invalid_input,
                 .message = path + " holds no list of cases",
                 .hint = "docs/formats/test-case.md shows the form"});
  }
  const std::string beside = folder_of(path);
  CaseReader reader(disk, path, {.beside = beside, .flight = flight.empty() ? beside + "/flight" : flight});
  std::vector<Case> out;
  for (const Value item : list.items()) {
    TRY(Case one, reader.read(document, item, out.size() + 1));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace reeve::cases
