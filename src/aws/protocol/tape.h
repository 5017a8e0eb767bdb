#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"

namespace reeve::aws {

/// Writes the cells of a document for the decoders: what Builder does, without its checks, for keys that are ids and
/// for decoders that know the order of calls by construction. Equal texts of a document are kept once, by a
/// direct-mapped cache; so are equal small maps whose texts are shared.
class Tape {
 public:
  /// `input_bytes` of the body set the size of the caches.
  explicit Tape(std::size_t input_bytes) : arena_(std::make_shared<Arena>()) {
    std::size_t slots = 64;
    while (slots < 8192 && slots * 128 < input_bytes) slots *= 2;
    text_mask_ = slots - 1;
    texts_.resize(slots);
    maps_.resize(slots);
    stack_.reserve(256);
  }

  std::size_t mark() const { return stack_.size(); }
  /// Whether a cell behind `mark` has this key.
  bool has_key(std::size_t mark, Keys::Id key) const {
    for (std::size_t i = mark; i < stack_.size(); ++i) {
      if (stack_[i].key() == key) return true;
    }
    return false;
  }

  /// A cell with no key on the stack; its content is the caller's to set.
  Node& push(Kind kind, Keys::Id key) {
    Node& node = stack_.emplace_back();
    node.head = (key << 8) | static_cast<std::uint32_t>(kind);
    return node;
  }
  const Node& top() const { return stack_.back(); }
  void push(const Node& node) { stack_.push_back(node); }
  Node pop() {
    const Node node = stack_.back();
    stack_.pop_back();
    return node;
  }
  void truncate(std::size_t mark) { stack_.resize(mark); }

  void text(Keys::Id key, std::string_view text, Kind kind = Kind::text) {
    Node& node = push(kind, key);
    node.size = static_cast<std::uint32_t>(text.size());
    if (text.size() <= sizeof(node.bytes)) {
      node.head |= Node::short_text;
      if (!text.empty()) std::memcpy(node.bytes, text.data(), text.size());
      return;
    }
    node.text = shared_text(text);
  }

  /// A time that cannot be read: the rest of the page is still of use, and nothing may be concluded from this member.
  void unreadable_time(Keys::Id key, std::string_view given) {
    text(key, "not a time: " + std::string(given.substr(0, 64)), Kind::unknown);
  }

  /// Ends a map or list that began at `mark`: its cells go to the arena, one cell stands for them.
  /// `spelled`: the cells are pairs of a text and a value.
  void close(std::size_t mark, Kind kind, Keys::Id key, bool spelled = false) {
    const std::size_t cells = stack_.size() - mark;
    const Node* children = cells == 0 ? nullptr : keep(mark, cells);
    stack_.resize(mark);
    Node& node = push(kind, key);
    if (spelled) node.head |= Node::spelled_keys;
    node.size = static_cast<std::uint32_t>(spelled ? cells / 2 : cells);
    node.children = children;
  }

  Arena& arena() { return *arena_; }

  /// The last cell is the document.
  Document finish(const std::shared_ptr<const Keys>& keys) {
    Node* root = static_cast<Node*>(arena_->allocate(sizeof(Node), alignof(Node)));
    *root = stack_.back();
    root->set_key(Keys::none);
    arena_->keep(keys);
    return {arena_, Value(root, keys.get())};
  }

 private:
  static constexpr std::size_t largest_shared = 4;  // cells of a map: tags, states, groups

  static std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15ULL) * (b ^ 0xC2B2AE3D27D4EB4FULL);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  const char* shared_text(std::string_view text) {
    std::uint64_t first = 0, last = 0;
    std::memcpy(&first, text.data(), 8);
    std::memcpy(&last, text.data() + text.size() - 8, 8);
    const std::uint64_t hash = mixed(first + text.size(), last);
    std::string_view& slot = texts_[hash & text_mask_];
    if (slot.size() == text.size() && std::memcmp(slot.data(), text.data(), text.size()) == 0) return slot.data();
    slot = {arena_->copy_text(text), text.size()};
    fresh_ = stack_.size();
    return slot.data();
  }

  const Node* keep(std::size_t mark, std::size_t cells) {
    const Node* const from = stack_.data() + mark;
    // What holds something that was not there before cannot be shared, nor can what holds that.
    if (cells > largest_shared || fresh_ > mark) {
      fresh_ = mark + 1;
      return copied(from, cells);
    }
    std::uint64_t hash = cells;
    for (std::size_t i = 0; i < cells; ++i) {
      std::uint64_t halves[2];
      std::memcpy(halves, from + i, sizeof(Node));
      hash = mixed(hash ^ halves[0], halves[1]);
    }
    auto& slot = maps_[hash & text_mask_];
    if (slot.cells == cells && slot.hash == hash && std::memcmp(slot.at, from, cells * sizeof(Node)) == 0) {
      return slot.at;
    }
    slot = {.at = copied(from, cells), .hash = hash, .cells = cells};
    fresh_ = mark + 1;
    return slot.at;
  }

  const Node* copied(const Node* from, std::size_t cells) {
    void* at = arena_->allocate(cells * sizeof(Node), alignof(Node));
    std::memcpy(at, from, cells * sizeof(Node));
    return static_cast<const Node*>(at);
  }

  struct KeptCells {
    const Node* at = nullptr;
    std::uint64_t hash = 0;
    std::size_t cells = 0;
  };
  std::shared_ptr<Arena> arena_;
  std::vector<Node> stack_;
  std::vector<std::string_view> texts_;
  std::vector<KeptCells> maps_;
  std::size_t text_mask_ = 0;
  std::size_t fresh_ = 0;  // the stack's size with that cell on top which was the last to hold something new
};

/// A union's member that the model does not know (the service is newer): {"SDK_UNKNOWN_MEMBER": {"name": NAME}}, as
/// botocore tells it. Cells of a map with spelled keys, for the caller to close.
inline void put_unknown_union_member(Tape& tape, std::string_view name) {
  tape.text(Keys::none, "SDK_UNKNOWN_MEMBER");
  const std::size_t mark = tape.mark();
  tape.text(Keys::none, "name");
  tape.text(Keys::none, name);
  tape.close(mark, Kind::map, Keys::none, true);
}

}  // namespace reeve::aws
