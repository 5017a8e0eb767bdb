// The embedded archive of models, whose layout is described in scripts/pack-models, and those of a folder.
#include <fmt/format.h>
#include <zstd.h>

#include <charconv>
#include <map>
#include <mutex>
#include <optional>

#include "aws/model.h"
#include "aws/models_folder.h"
#include "aws/protocol/nearest.h"

extern "C" {
extern const char reeve_models_begin[];
extern const char reeve_models_end[];
}

namespace reeve::aws {
namespace {

/// What simdjson may read behind a text.
constexpr std::size_t padding = 64;

std::string_view archive() {
  return {reeve_models_begin, static_cast<std::size_t>(reeve_models_end - reeve_models_begin)};
}

/// Takes the text up to `separator` off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

struct Entry {
  std::string_view frame;
  std::size_t unpacked = 0;
};

std::map<std::string_view, Entry> read_table() {
  std::string_view rest = archive();
  const std::size_t end = rest.find("\n\n");
  REEVE_ASSERT(end != std::string_view::npos);
  const std::string_view body = rest.substr(end + 2);
  std::string_view table = rest.substr(0, end);
  std::map<std::string_view, Entry> entries;
  while (!table.empty()) {
    std::string_view line = take(table, '\n');
    const std::string_view name = take(line, ' ');
    const std::size_t offset = number(take(line, ' '));
    const std::size_t size = number(take(line, ' '));
    entries[name] = {body.substr(offset, size), number(line)};
  }
  return entries;
}

constexpr std::string_view partitions_name = "partitions.json";

}  // namespace

struct Models::Impl {
  struct Slot {
    Entry entry;         // empty for one of the folder
    std::mutex reading;  // the first to ask reads
    std::shared_ptr<const ServiceModel> model;
  };
  std::map<std::string, Slot, std::less<>> slots;
  std::optional<ModelsFolder> folder;
};

namespace {

Result<std::shared_ptr<const ServiceModel>> unpack(std::string_view service, const Entry& entry,
                                                   const std::shared_ptr<Keys>& keys) {
  const auto bytes = std::make_unique_for_overwrite<char[]>(entry.unpacked + padding);
  const std::size_t size = ZSTD_decompress(bytes.get(), entry.unpacked, entry.frame.data(), entry.frame.size());
  REEVE_ASSERT(!ZSTD_isError(size) && size == entry.unpacked);  // our own bytes, made by our own build
  std::string_view rest{bytes.get(), size};
  std::string_view sizes = take(rest, '\n');
  std::string_view parts[4];
  for (std::string_view& part : parts) {
    const std::size_t length = number(take(sizes, ' '));
    part = rest.substr(0, length);
    rest.remove_prefix(length);
  }
  auto model = ServiceModel::parse(service, parts[0], parts[1], parts[2], parts[3], keys);
  REEVE_ASSERT(model.has_value());
  return model;
}

}  // namespace

Models::Models() : impl_(std::make_unique<Impl>()), keys_(std::make_shared<Keys>()) {
  for (const auto& [name, entry] : read_table()) {
    if (name != partitions_name) impl_->slots[std::string(name)].entry = entry;
  }
}
Models::~Models() = default;

Result<void> Models::add_folder(Disk& disk, const std::string& path) {
  TRY(impl_->folder, ModelsFolder::open(disk, path));
  for (const std::string& service : impl_->folder->services()) impl_->slots[service];
  return {};
}

Result<std::shared_ptr<const ServiceModel>> Models::get(std::string_view service) {
  const auto found = impl_->slots.find(service);
  if (found == impl_->slots.end()) {
    Error error{Code::unknown_service, fmt::format("there is no model of a service '{}'", service)};
    std::vector<std::string_view> names;
    for (const auto& [name, slot] : impl_->slots) names.push_back(name);
    if (const auto nearest = nearest_name(service, names); !nearest.empty()) {
      error.hint = fmt::format("Did you mean '{}'?", nearest);
    } else if (!impl_->folder) {
      error.hint = "Models of other services are read from the folder that --models or REEVE_MODELS names";
    }
    return fail(std::move(error));
  }
  Impl::Slot& slot = found->second;
  const std::lock_guard lock(slot.reading);
  if (slot.model == nullptr) {
    if (slot.entry.unpacked > 0) {
      TRY(slot.model, unpack(service, slot.entry, keys_));
    } else {
      TRY(slot.model, impl_->folder->load(found->first, keys_));
    }
  }
  return slot.model;
}

Result<Models::Found> Models::get(std::string_view service, std::string_view operation) {
  TRY(auto model, get(service));
  if (const Operation* found = model->find_operation(operation)) return Found{std::move(model), found};
  Error error{Code::unknown_service, fmt::format("{} has no operation '{}'", service, operation)};
  error.operation = fmt::format("{}.{}", service, operation);
  if (const auto nearest = nearest_name(operation, model->operation_names()); !nearest.empty()) {
    error.hint = fmt::format("Did you mean '{}'?", nearest);
  }
  return fail(std::move(error));
}

std::vector<std::string> Models::parsed() const {
  std::vector<std::string> names;
  for (auto& [name, slot] : impl_->slots) {
    const std::lock_guard lock(slot.reading);
    if (slot.model != nullptr) names.push_back(name);
  }
  return names;
}

std::vector<std::string> Models::services() const {
  std::vector<std::string> names;
  for (const auto& [name, slot] : impl_->slots) names.emplace_back(name);
  return names;
}

std::string_view Models::partitions_json() {
  static const std::string_view text = read_table()[partitions_name].frame;
  return text;
}

}  // namespace reeve::aws
