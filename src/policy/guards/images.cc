#include "policy/guards/snapshot_users.h"

namespace reeve::policy {
namespace {

constexpr std::string_view code = "in-use-by-image";

/// Own images and those of AWS Backup, in every state: disabled ones are left out unless asked for (EC2 API Reference,
/// DescribeImages). EC2 itself protects only the root snapshot of a registered image.
Document image_params() {
  Builder b;
  b.begin_map();
  b.begin_list("Owners");
  b.add("self");
  b.add("aws-backup-vault");
  b.end();
  b.put("IncludeDeprecated", true);
  b.put("IncludeDisabled", true);
  b.put("MaxResults", 1000);
  b.end();
  return b.finish();
}

/// Images in the bin are listed without their devices: what is known of their snapshots is in the descriptions that EC2
/// gives to snapshots of CreateImage and CopyImage.
GuardAnswer in_bin(const Candidate& candidate, const Listed& bin) {
  const auto description = candidate.view.record().document["Description"].as_text();
  for (const Document& image : bin.items->items) {
    const auto id = image["ImageId"].as_text();
    if (!id.empty() && mentions(description, id)) {
      return keep(code, "image " + std::string(id) + " in the Recycle Bin was made of it");
    }
  }
  if (bin.items->items.empty()) return {};
  const std::size_t count = bin.items->items.size();
  return note("images-in-bin", (count == 1 ? std::string("an image is") : std::to_string(count) + " images are") +
                                   " in the Recycle Bin; EC2 does not show which snapshots that needs");
}

class Images : public Guard {
 public:
  std::string_view name() const override { return "images"; }
  Task<std::vector<GuardAnswer>> check(std::span<Candidate*> candidates, Context& context) const override {
    Document params = image_params();
    Document none;
    const Listed images = co_await list_items(context, "ec2", "DescribeImages", std::move(params));
    const Listed bin = co_await list_items(context, "ec2", "ListImagesInRecycleBin", std::move(none));
    SnapshotUsers users;
    if (images.items) {
      for (const Document& image : images.items->items) {
        add_users(image["BlockDeviceMappings"], image["ImageId"].as_string(), users);
      }
    }
    std::vector<GuardAnswer> answers;
    for (const Candidate* candidate : candidates) answers.push_back(answer(*candidate, images, bin, users));
    co_return answers;
  }

 private:
  static GuardAnswer answer(const Candidate& candidate, const Listed& images, const Listed& bin,
                            const SnapshotUsers& users) {
    if (!images.items) return keep_unknown("the images could not be listed: " + images.problem);
    if (images.unsupported()) return note_unsupported("DescribeImages");
    if (const auto user = users.find(candidate.view.id()); user != users.end()) {
      return keep(code, "image " + user->second + " uses it");
    }
    if (!bin.items) return keep_unknown("the images in the Recycle Bin could not be listed: " + bin.problem);
    if (bin.unsupported()) return note_unsupported("ListImagesInRecycleBin");
    return in_bin(candidate, bin);
  }
};

}  // namespace

const Guard& images_guard() {
  static const Images guard;
  return guard;
}

}  // namespace reeve::policy
