#include "base/encoding.h"
#include "sandbox/services/lambda.h"

/// Layers and their versions.
namespace reeve::sandbox {
namespace {

std::string layer_arn(const Call& c, std::string_view name) {
  return fmt::format("arn:aws:lambda:{}:{}:layer:{}", c.region.name, c.account.id, name);
}

void write_texts(Builder& out, std::string_view name, const std::vector<std::string>& all) {
  if (all.empty()) return;
  out.begin_list(name);
  for (const std::string& text : all) out.add(text);
  out.end();
}

void write(Call& c, const Layer& layer, const LayerVersion& version) {
  c.out.put("LayerVersionArn", fmt::format("{}:{}", layer_arn(c, layer.id), version.number));
  c.out.put("Version", version.number);
  c.out.put("Description", version.description);
  c.out.put("CreatedDate", lambda_time(version.created));
  write_texts(c.out, "CompatibleRuntimes", version.runtimes);
  write_texts(c.out, "CompatibleArchitectures", version.architectures);
  c.out.put_if("LicenseInfo", version.license);
}

void write_whole(Call& c, const Layer& layer, const LayerVersion& version) {
  c.out.begin_map("Content");
  c.out.put("Location", fmt::format("https://awslambda-{}-layers.s3.{}.amazonaws.com/snapshots/{}/{}-{}", c.region.name,
                                    c.region.name, c.account.id, layer.id, version.number));
  c.out.put("CodeSha256", version.code_sha256);
  c.out.put("CodeSize", version.code_bytes);
  c.out.end();
  c.out.put("LayerArn", layer_arn(c, layer.id));
  write(c, layer, version);
}

/// A layer's name, out of a name or an ARN.
std::string name_of(std::string_view text) {
  const auto at = text.find(":layer:");
  if (at != text.npos) text.remove_prefix(at + 7);
  return std::string(text.substr(0, text.find(':')));
}

Outcome publish(Call& c) {
  const std::string name = name_of(c["LayerName"].as_text());
  const std::string_view zip = c["Content"]["ZipFile"].as_text();
  const bool in_s3 = !c["Content"]["S3Bucket"].is_null();
  if (!in_s3 && !zip.starts_with("PK")) {
    return bad_value("Could not unzip uploaded file. Please check your file, then try to upload again.");
  }
  Table<Layer>& layers = lambda(c).layers;
  Layer* layer = layers.find(name);
  if (!layer) layer = &layers.add({.id = name, .last_version = 0, .versions = {}});
  LayerVersion version;
  version.number = ++layer->last_version;
  version.code_bytes = std::ssize(zip);
  const auto raw = sha256(in_s3 ? c["Content"]["S3Key"].as_text() : zip);
  version.code_sha256 = encode_base64({reinterpret_cast<const char*>(raw.data()), raw.size()});
  version.description = c["Description"].as_string();
  version.license = c["LicenseInfo"].as_string();
  version.created = c.now;
  for (const std::string_view text : texts(c["CompatibleRuntimes"])) version.runtimes.emplace_back(text);
  for (const std::string_view text : texts(c["CompatibleArchitectures"])) version.architectures.emplace_back(text);
  layer->versions.push_back(std::move(version));
  write_whole(c, *layer, layer->versions.back());
  return {};
}

bool fits(const Call& c, const LayerVersion& version) {
  const std::string runtime = c["CompatibleRuntime"].as_string(),
                    architecture = c["CompatibleArchitecture"].as_string();
  return (runtime.empty() || has(version.runtimes, runtime)) &&
         (architecture.empty() || has(version.architectures, architecture));
}

Outcome list_layers(Call& c) {
  struct Row {
    const Layer* layer;
    const LayerVersion* latest;
  };
  std::vector<Row> rows;
  for (const auto& [name, layer] : lambda(c).layers.rows) {
    const LayerVersion* latest = nullptr;
    for (const LayerVersion& version : layer.versions) {
      if (fits(c, version)) latest = &version;
    }
    if (latest) rows.push_back({&layer, latest});
  }
  return write_lambda_page(
      c, "Layers", rows, [](const Row& row) { return row.layer->id; },
      [&](const Row& row) {
        c.out.put("LayerName", row.layer->id);
        c.out.put("LayerArn", layer_arn(c, row.layer->id));
        c.out.begin_map("LatestMatchingVersion");
        write(c, *row.layer, *row.latest);
        c.out.end();
      });
}

Outcome list_versions(Call& c) {
  std::vector<const LayerVersion*> versions;
  const Layer* layer = lambda(c).layers.find(name_of(c["LayerName"].as_text()));
  for (std::size_t i = layer ? layer->versions.size() : 0; i-- > 0;) {
    if (fits(c, layer->versions[i])) versions.push_back(&layer->versions[i]);
  }
  return write_lambda_page(
      c, "LayerVersions", versions,
      [](const auto* version) { return fmt::format("{:019}", INT64_MAX - version->number); },
      [&](const auto* version) { write(c, *layer, *version); });
}

Outcome write_one(Call& c, std::string_view name, std::int64_t number) {
  const Layer* layer = lambda(c).layers.find(name);
  if (layer) {
    const auto version = std::ranges::find(layer->versions, number, &LayerVersion::number);
    if (version != layer->versions.end()) {
      write_whole(c, *layer, *version);
      return {};
    }
  }
  return not_there("The resource you requested does not exist.");
}

Outcome get(Call& c) { return write_one(c, name_of(c["LayerName"].as_text()), c["VersionNumber"].as_integer()); }

Outcome get_by_arn(Call& c) {
  const std::string arn = c["Arn"].as_string();
  return write_one(c, name_of(arn), std::strtoll(arn.c_str() + arn.rfind(':') + 1, nullptr, 10));
}

Outcome remove(Call& c) {
  const std::int64_t number = c["VersionNumber"].as_integer();
  if (Layer* layer = lambda(c).layers.find(name_of(c["LayerName"].as_text()))) {
    std::erase_if(layer->versions, [&](const LayerVersion& version) { return version.number == number; });
  }
  return {};  // AWS says nothing of versions that are not there
}

}  // namespace

void register_lambda_layers(Registry& r) {
  r.add("lambda", "PublishLayerVersion", publish);
  r.add("lambda", "ListLayers", list_layers);
  r.add("lambda", "ListLayerVersions", list_versions);
  r.add("lambda", "GetLayerVersion", get);
  r.add("lambda", "GetLayerVersionByArn", get_by_arn);
  r.add("lambda", "DeleteLayerVersion", remove);
}

}  // namespace reeve::sandbox
