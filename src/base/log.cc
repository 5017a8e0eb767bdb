#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/encoding.h"
#include "base/json.h"

namespace reeve {

std::string_view name(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return "debug";
    case Log::Level::info:
      return "info";
    case Log::Level::warning:
      return "warning";
    case Log::Level::error:
      return "error";
    case Log::Level::none:
      break;
  }
  return "none";
}

struct Log::Core {
  Core(Clock& c, Sink sink, Level level) : clock(c), people(std::move(sink)), people_level(level) {}
  Clock& clock;
  const Sink people;
  const Level people_level;
  mutable std::mutex mutex;
  // Below: under the mutex.
  std::unique_ptr<File> file;
  std::string path;
  std::uint64_t end = 0;
  Level file_level = Level::none;
};

namespace {

std::string shown(const Log::Scalar& value) {
  return std::visit(
      [](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
          return harmless_text(v);
        } else {
          return fmt::format("{}", v);
        }
      },
      value);
}

std::string people_line(Log::Level level, std::string_view message, const std::vector<const Log::Field*>& fields) {
  std::string line = fmt::format("{}: {}", name(level), harmless_text(message));
  const char* before = " (";
  for (const Log::Field* field : fields) {
    line += fmt::format("{}{} {}", before, harmless_text(field->name), shown(field->value));
    before = ", ";
  }
  if (!fields.empty()) line += ')';
  return line + '\n';
}

std::string json_line(Time time, Log::Level level, std::string_view message,
                      const std::vector<const Log::Field*>& fields) {
  Builder b;
  b.begin_map();
  b.put("time", format_iso8601(time));
  b.put("level", name(level));
  b.put("message", message);
  for (const Log::Field* field : fields) {
    b.key(field->name);
    std::visit([&b](const auto& v) { b.add(v); }, field->value);
  }
  b.end();
  return to_json(b.finish()) + '\n';
}

}  // namespace

Log::Log() = default;

Log::Log(Clock& clock, Sink people, Level people_level)
    : core_(std::make_shared<Core>(clock, std::move(people), people_level)) {}

Result<void> Log::add_file(Disk& disk, const std::string& path, Level level) {
  REEVE_ASSERT(core_ != nullptr);
  TRY(auto file, disk.open(path, Disk::Open::create));
  TRY(const auto end, file->size());
  const std::lock_guard lock(core_->mutex);
  core_->file = std::move(file);
  core_->path = path;
  core_->end = end;
  core_->file_level = level;
  return {};
}

Log Log::with(Fields fields) const {
  Log child = *this;
  child.fields_.insert(child.fields_.end(), fields.begin(), fields.end());
  return child;
}

Log::Level Log::level_for(int verbose, bool quiet) {
  if (quiet) return Level::error;
  return verbose >= 2 ? Level::debug : verbose == 1 ? Level::info : Level::warning;
}

bool Log::wants(Level level) const {
  if (!core_) return false;
  if (core_->people && level >= core_->people_level) return true;
  const std::lock_guard lock(core_->mutex);
  return core_->file != nullptr && level >= core_->file_level;
}

void Log::write(Level level, std::string_view message, Fields fields) const {
  if (!core_) return;
  std::vector<const Field*> all;
  all.reserve(fields_.size() + fields.size());
  for (const Field& field : fields_) all.push_back(&field);
  for (const Field& field : fields) all.push_back(&field);
  write_all(level, message, all);
}

void Log::error(const Error& error, Fields fields) const {
  if (!core_) return;
  std::vector<Field> own = {{"code", reeve::name(error.code)}};
  if (!error.operation.empty()) own.emplace_back("operation", error.operation);
  if (!error.resource.empty()) own.emplace_back("resource", error.resource);
  if (error.aws && !error.aws->code.empty()) own.emplace_back("aws_code", error.aws->code);
  if (error.aws && !error.aws->request_id.empty()) own.emplace_back("request_id", error.aws->request_id);
  std::vector<const Field*> all;
  all.reserve(fields_.size() + fields.size() + own.size());
  for (const Field& field : fields_) all.push_back(&field);
  for (const Field& field : fields) all.push_back(&field);
  for (const Field& field : own) all.push_back(&field);
  std::string message = error.message;
  for (auto cause = error.cause; cause; cause = cause->cause) message += ": " + cause->message;
  write_all(Level::error, message, all);
}

void Log::write_all(Level level, std::string_view message, const std::vector<const Field*>& given) const {
  std::vector<const Field*> fields;  // each name once: the latest says it best
  for (auto at = given.begin(); at != given.end(); ++at) {
    const bool again = std::any_of(at + 1, given.end(), [&](const Field* later) { return later->name == (*at)->name; });
    if (!again) fields.push_back(*at);
  }
  const std::lock_guard lock(core_->mutex);
  if (core_->people && level >= core_->people_level) core_->people(people_line(level, message, fields));
  if (!core_->file || level < core_->file_level) return;
  const std::string line = json_line(core_->clock.wall(), level, message, fields);
  if (const auto written = core_->file->write(core_->end, line); written) {
    core_->end += line.size();
  } else {
    core_->file.reset();
    if (core_->people && core_->people_level != Level::none) {
      core_->people(
          people_line(Level::error, "the log file cannot be written any more: " + written.error().text(), {}));
    }
  }
}

}  // namespace reeve
