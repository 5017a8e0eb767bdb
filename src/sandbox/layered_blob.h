#pragma once
#include "sandbox/blob.h"

namespace reeve::sandbox {

/// A blob that reads from others, which may do so again. Each layer is a call deeper: whoever builds on one looks at
/// `layers_of` first.
class LayeredBlob : public Blob {
 public:
  int layers() const { return layers_; }

 protected:
  int layers_ = 1;  ///< with those below
};

constexpr int most_layers = 500;

inline int layers_of(const Blob& blob) {
  const auto* layered = dynamic_cast<const LayeredBlob*>(&blob);
  return layered ? layered->layers() : 0;
}

}  // namespace reeve::sandbox
