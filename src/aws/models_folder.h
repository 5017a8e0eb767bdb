#pragma once
#include <memory>
#include <string>
#include <vector>

#include "aws/model.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

/// Service models as botocore lays them out: FOLDER/SERVICE/API-VERSION/service-2.json with paginators-1.json,
/// waiters-2.json and endpoint-rule-set-1.json beside it, each as it is or with gzip (".gz"). For services that are not
/// embedded, and for those newer than Reeve.
class ModelsFolder {
 public:
  /// `disk` must outlive it. Errors: those of Disk::list.
  static Result<ModelsFolder> open(Disk& disk, const std::string& path);
  const std::vector<std::string>& services() const { return services_; }
  /// The newest version of a service. Errors: those of Disk, malformed, limit_exceeded.
  Result<std::shared_ptr<const ServiceModel>> load(const std::string& service, const std::shared_ptr<Keys>& keys) const;

 private:
  ModelsFolder(Disk& disk, std::string path) : disk_(&disk), path_(std::move(path)) {}
  Result<std::string> text(const std::string& path) const;
  Disk* disk_;
  std::string path_;
  std::vector<std::string> services_;
};

}  // namespace reeve::aws
