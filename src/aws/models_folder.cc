#include "aws/models_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/protocol/compress.h"
#include "base/json.h"
#include "base/limits.h"

namespace reeve::aws {
namespace {

/// The part of a file that our own archive keeps: {"pagination": {…}} -> {…}.
Result<std::string> inner(const std::string& text, const char* key) {
  if (text.empty()) return text;
  TRY(const Document document, parse_json(text));
  return to_json(document[key]);
}

}  // namespace

Result<ModelsFolder> ModelsFolder::open(Disk& disk, const std::string& path) {
  ModelsFolder out(disk, path);
  TRY(std::vector<std::string> names, disk.list(path));
  for (std::string& name : names) {
    // Beside the services lie partitions.json, endpoints.json and the like.
    if (name.find('.') == std::string::npos) out.services_.push_back(std::move(name));
  }
  return out;
}

Result<std::string> ModelsFolder::text(const std::string& path) const {
  TRY(const bool packed, disk_->exists(path + ".gz"));
  if (packed) {
    TRY(const std::string bytes, disk_->read_file(path + ".gz", limits::text_file_bytes));
    return gunzip(bytes, limits::text_file_bytes);
  }
  TRY(const bool plain, disk_->exists(path));
  return plain ? disk_->read_file(path, limits::text_file_bytes) : Result<std::string>{};
}

Result<std::shared_ptr<const ServiceModel>> ModelsFolder::load(const std::string& service,
                                                               const std::shared_ptr<Keys>& keys) const {
  const std::string folder = path_ + "/" + service;
  TRY(std::vector<std::string> versions, disk_->list(folder));
  std::ranges::sort(versions, std::ranges::greater{});  // they are dates
  for (const std::string& version : versions) {
    const std::string at = folder + "/" + version;
    TRY(const std::string model, text(at + "/service-2.json"));
    if (model.empty()) continue;
    TRY(const std::string pages, text(at + "/paginators-1.json"));
    TRY(const std::string waits, text(at + "/waiters-2.json"));
    TRY(const std::string rules, text(at + "/endpoint-rule-set-1.json"));
    TRY(const std::string paginators, inner(pages, "pagination"));
    TRY(const std::string waiters, inner(waits, "waiters"));
    return ServiceModel::parse(service, model, paginators, waiters, rules, keys);
  }
  return fail({.code = Code::unknown_service,
               .message = fmt::format("there is no service-2.json of '{}'", service),
               .resource = folder,
               .hint = "The layout is SERVICE/API-VERSION/service-2.json, as botocore/data has it"});
}

}  // namespace reeve::aws
