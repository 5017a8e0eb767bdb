#include "policy/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "policy/policy.h"
#include "policy/protect_tag.h"
#include "policy/vocabulary.h"
#include "text/pattern.h"
#include "text/yaml.h"

namespace reeve::policy {
namespace {

/// What Reeve deploys of its own: the key in `own:`, the kind that it is of, and its name for people.
struct OwnThing {
  std::string_view key, kind, name;
};
constexpr OwnThing own_things[] = {
    {"role", "iam-role", "role"}, {"function", "lambda", "function"},         {"log_group", "log-group", "log group"},
    {"queue", "sqs", "queue"},    {"journal_bucket", "s3", "journal bucket"},
};

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The part of an ARN that people call a name.
std::string_view name_in(std::string_view arn) {
  const std::size_t mark = arn.find_last_of(":/");
  return mark == std::string_view::npos ? arn : arn.substr(mark + 1);
}

class ConfigurationReader {
 public:
  ConfigurationReader(std::string_view file_name, const estate::Kinds& kinds) : kinds_(kinds) {
    out_.file = std::string(file_name);
  }

  Result<Configuration> run(std::string_view text) {
    TRY(const auto file, text::parse_yaml(text, out_.file, {.duplicate_keys_are_errors = true}));
    file_ = &file;
    read_top(file.root());
    if (problems_.empty()) return std::move(out_);
    std::ranges::sort(problems_, [](const Problem& a, const Problem& b) {
      return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
    });
    return fail(problems_error(problems_));
  }

 private:
  void add(Value at, std::string message) {
    const text::Position where = file_->position(at);
    problems_.push_back({.file = out_.file, .line = where.line, .column = where.column, .message = std::move(message)});
  }
  Report report() {
    return [this](Value at, std::string message) { add(at, std::move(message)); };
  }

  void read_top(Value root) {
    if (!root.is_map())
      return add(root, "the configuration must be a map that begins with \"format: 1\", not " +
                           std::string(name(root.kind())));
    const Key keys[] = {{.name = "format", .type = "integer", .required = true},
                        {.name = "protect", .type = "list"},
                        {.name = "own", .type = "map"}};
    if (!check_keys(root, keys, "the configuration", report())) return;
    if (root["format"].as_integer() != 1) add(root["format"], "\"format\" must be 1");
    for (const Value entry : root["protect"].items()) read_entry(entry);
    read_own(root["own"]);
  }

  void read_entry(Value entry) {
    constexpr std::string_view what = "an entry of \"protect\"";
    if (!entry.is_map()) return add(entry, std::string(what) + " must be a map with \"id\" or \"tag\"");
    const Key keys[] = {{.name = "id", .type = "text"},     {.name = "tag", .type = "text"},
                        {.name = "kind", .type = "text"},   {.name = "account", .type = "text|integer"},
                        {.name = "region", .type = "text"}, {.name = "until", .type = "text|date"},
                        {.name = "reason", .type = "text"}};
    if (!check_keys(entry, keys, what, report())) return;
    for (const auto [key, value] : entry.entries()) {
      if (value.is_text() && value.as_text().empty()) return add(value, fmt::format("\"{}\" is empty", key));
    }
    if (!entry.find("id") && !entry.find("tag")) return add(entry, std::string(what) + " needs \"id\" or \"tag\"");
    ProtectEntry out{.id = entry["id"].as_string(),
                     .region = entry["region"].as_string(),
                     .reason = entry["reason"].as_string(),
                     .line = file_->position(entry).line};
    if (const auto tag = entry.find("tag")) {
      const std::string text = tag->as_string();
      const std::size_t equals = text.find('=');
      out.tag_key = text.substr(0, equals);
      if (equals != std::string::npos) out.tag_value = text.substr(equals + 1);
      if (out.tag_key.empty()) add(*tag, "\"tag\" must be KEY or KEY=VALUE");
    }
    if (const auto kind = entry.find("kind")) read_kind(*kind, out);
    if (const auto account = entry.find("account")) read_account(*account, out);
    if (const auto until = entry.find("until")) read_until(*until, out);
    out_.protect.push_back(std::move(out));
  }

  void read_kind(Value value, ProtectEntry& out) {
    if (const estate::Kind* kind = kinds_.find(value.as_text())) {
      out.kind = kind->name;
      return;
    }
    const auto names = kinds_.names();
    const std::vector<std::string_view> views(names.begin(), names.end());
    add(value, fmt::format("there is no kind \"{}\": there are {}{}", value.as_text(), one_of(views),
                           did_you_mean(value.as_text(), views)));
  }

  void read_account(Value value, ProtectEntry& out) {
    // A number that begins with 0 would have been read as an octal one.
    out.account = value.is_text() ? value.as_string() : std::to_string(value.as_integer());
    const bool glob = out.account.find_first_of("*?[") != std::string::npos;
    if (!glob && !is_account(out.account)) add(value, "\"account\" must be 12 digits; put them in quotes");
  }

  void read_until(Value value, ProtectEntry& out) {
    const auto time = value.is_text() ? parse_iso8601(value.as_text()) : Result<Time>(value.as_time());
    if (!time) return add(value, "\"until\" must be a date such as 2027-01-31, or a time with its zone");
    out.until = end_of_protection(*time);
  }

  void read_own(Value own) {
    std::vector<Key> keys;
    for (const OwnThing& thing : own_things) keys.push_back({.name = thing.key, .type = "text"});
    if (own.is_null() || !check_keys(own, keys, "\"own\"", report())) return;
    for (const OwnThing& thing : own_things) {
      const auto value = own.find(thing.key);
      if (!value) continue;
      if (value->as_text().empty()) add(*value, fmt::format("\"{}\" is empty", thing.key));
      out_.protect.push_back({.id = value->as_string(),
                              .kind = std::string(thing.kind),
                              .reason = "Reeve's own " + std::string(thing.name),
                              .line = file_->position(*value).line,
                              .own = true});
    }
  }

  const estate::Kinds& kinds_;
  const text::YamlFile* file_ = nullptr;
  std::vector<Problem> problems_;
  Configuration out_;
};

bool holds(const ProtectEntry& entry, const estate::Record& record, Time now) {
  if (entry.until && now >= *entry.until) return false;
  const std::string arn = record.arn();
  if (entry.own) {
    if (entry.id.starts_with("arn:")) return entry.id == arn;
    return entry.kind == record.kind->name && (entry.id == record.id() || entry.id == name_in(arn));
  }
  if (!entry.kind.empty() && entry.kind != record.kind->name) return false;
  if (!entry.account.empty() && !text::glob_match(entry.account, record.scope.account)) return false;
  if (!entry.region.empty() && !text::glob_match(entry.region, record.scope.region)) return false;
  if (!entry.id.empty() && !text::glob_match(entry.id, record.id()) && !text::glob_match(entry.id, arn)) return false;
  if (entry.tag_key.empty()) return true;
  for (const Value tag : record.tags().items()) {
    if (text::glob_match(entry.tag_key, tag["Key"].as_text_or({})) &&
        text::glob_match(entry.tag_value, tag["Value"].as_text_or({}))) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<Configuration> read_configuration(std::string_view text, std::string_view file_name,
                                         const estate::Kinds& kinds) {
  return ConfigurationReader(file_name, kinds).run(text);
}

std::optional<std::string> protected_by(const Configuration& configuration, const estate::Record& record, Time now) {
  for (const ProtectEntry& entry : configuration.protect) {
    if (!holds(entry, record, now)) continue;
    std::string out = fmt::format("the configuration protects it (line {}", entry.line);
    if (entry.until) out += ", until " + format_iso8601(*entry.until);
    out += ")";
    if (!entry.reason.empty()) out += ": " + entry.reason;
    return out;
  }
  return std::nullopt;
}

}  // namespace reeve::policy
