#include "base/document.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/result.h"

namespace reeve {

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
      return "integer";
    case Kind::real:
      return "real";
    case Kind::text:
      return "text";
    case Kind::timestamp:
      return "timestamp";
    case Kind::blob:
      return "blob";
    case Kind::list:
      return "list";
    case Kind::map:
      return "map";
    case Kind::unknown:
      return "unknown";
  }
  return "null";
}

// --- Value -----------------------------------------------------------------------------------------------------------

constinit const Node Value::null_node;

std::int64_t Value::as_integer() const {
  if (kind() == Kind::integer) return node_->integer;
  if (kind() != Kind::real || !(std::abs(node_->real) < 9.2e18)) return 0;
  return static_cast<std::int64_t>(node_->real);
}

double Value::as_real() const {
  if (kind() == Kind::integer) return static_cast<double>(node_->integer);
  return kind() == Kind::real ? node_->real : 0;
}

std::string_view Value::as_text() const {
  if (kind() != Kind::text && kind() != Kind::blob && kind() != Kind::unknown) return {};
  return {(node_->head & Node::short_text) != 0 ? node_->bytes : node_->text, node_->size};
}

std::size_t Value::size() const {
  switch (kind()) {
    case Kind::text:
    case Kind::blob:
    case Kind::list:
    case Kind::map:
      return node_->size;
    default:
      return 0;
  }
}

Value Value::operator[](std::size_t index) const {
  if (kind() != Kind::list || index >= node_->size) return {};
  return {node_->children + index, keys_};
}

Value Value::operator[](std::string_view key) const {
  if (is_unknown()) return *this;
  return find(key).value_or(Value{});
}

std::optional<Value> Value::find(std::string_view key) const {
  if (!is_map()) return std::nullopt;
  if (node_->spelled()) {
    const Node* const end = node_->children + 2 * std::size_t{node_->size};
    for (const Node* at = node_->children; at != end; at += 2) {
      if (Value(at, keys_).as_text() == key) return Value(at + 1, keys_);
    }
    return std::nullopt;
  }
  const Keys::Id id = node_->size == 0 ? Keys::none : keys_->find(key);
  std::uint32_t hint = 0;
  if (const Node* found = id == Keys::none ? nullptr : find(id, hint)) return Value(found, keys_);
  return std::nullopt;
}

const Node* Value::find(Keys::Id key, std::uint32_t& hint) const {
  if (!is_map()) return nullptr;
  const std::uint32_t size = node_->size;
  if (node_->spelled()) {
    REEVE_ASSERT(keys_ != nullptr);
    const auto found = find(keys_->name(key));
    return found ? found->node_ : nullptr;
  }
  if (hint < size && node_->children[hint].key() == key) return node_->children + hint;
  for (std::uint32_t i = 0; i < size; ++i) {
    if (node_->children[i].key() == key) {
      hint = i;
      return node_->children + i;
    }
  }
  return nullptr;
}

Items Value::items() const {
  if (kind() != Kind::list) return {nullptr, 0, keys_};
  return {node_->children, node_->size, keys_};
}

Entries Value::entries() const {
  if (kind() != Kind::map) return {nullptr, 0, false, keys_};
  return {node_->children, node_->size, node_->spelled(), keys_};
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.kind() == Kind::integer && b.kind() == Kind::integer) return a.node_->integer == b.node_->integer;
    if (a.kind() == b.kind()) return a.as_real() == b.as_real();
    const double real = a.kind() == Kind::real ? a.node_->real : b.node_->real;
    const std::int64_t integer = a.kind() == Kind::real ? b.node_->integer : a.node_->integer;
    // Exactly, not after rounding: 2^53 + 1 is not 2^53.
    return real >= -0x1p63 && real < 0x1p63 && std::trunc(real) == real && static_cast<std::int64_t>(real) == integer;
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return a.as_bool() == b.as_bool();
    case Kind::timestamp:
      return a.as_time() == b.as_time();
    case Kind::text:
    case Kind::blob:
      return a.as_text() == b.as_text();
    case Kind::list:
      if (a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!(a[i] == b[i])) return false;
      }
      return true;
    case Kind::map:
      if (a.size() != b.size()) return false;
      for (const auto [key, value] : a.entries()) {
        const auto other = b.find(key);
        if (!other || !(value == *other)) return false;
      }
      return true;
    default:
      return false;  // unknown equals nothing, not even itself
  }
}

// --- Arena -----------------------------------------------------------------------------------------------------------

Arena::~Arena() {
  for (void* block : blocks_) std::free(block);
}

void* Arena::allocate_block(std::size_t bytes, std::size_t align) {
  constexpr std::size_t largest_block = std::size_t{256} << 10;
  REEVE_ASSERT(align <= alignof(std::max_align_t));  // what malloc gives
  if (bytes > block_) {                              // a block of its own; go on in the present one
    blocks_.push_back(std::malloc(bytes));
    REEVE_ASSERT(blocks_.back() != nullptr);
    total_ += bytes;
    return blocks_.back();
  }
  char* const fresh = static_cast<char*>(std::malloc(block_));
  REEVE_ASSERT(fresh != nullptr);
  blocks_.push_back(fresh);
  total_ += block_;
  next_ = fresh + bytes;
  end_ = fresh + block_;
  block_ = std::min(block_ * 2, largest_block);
  return fresh;
}

const char* Arena::copy_text(std::string_view text) {
  if (text.empty()) return "";
  char* out = static_cast<char*>(allocate(text.size(), 1));
  std::memcpy(out, text.data(), text.size());
  return out;
}

// --- Builder ---------------------------------------------------------------------------------------------------------

Builder::Builder(std::shared_ptr<const Keys> keys) : Builder(std::move(keys), std::make_shared<Arena>()) {}

void Builder::push_key(std::string_view name, bool borrowed) {
  REEVE_ASSERT(pending_ == Keys::none);
  if (borrowed) {
    add_borrowed(name);
  } else {
    add(name);
  }
}

void Builder::spell_out(Open& map) {
  const std::vector<Node> entries(stack_.begin() + static_cast<std::ptrdiff_t>(map.first), stack_.end());
  stack_.resize(map.first);
  for (Node entry : entries) {
    push_key(keys_->name(entry.key()), true);  // the arena keeps keys_ alive
    entry.set_key(Keys::none);
    stack_.push_back(entry);
  }
  map.spelled = true;
}

void Builder::key(std::string_view name) {
  REEVE_ASSERT(!open_.empty() && open_.back().map);
  Open& map = open_.back();
  if (!map.spelled) {
    const Keys::Id id = keys_ ? keys_->find(name) : Keys::none;
    if (id != Keys::none) {
      pending_ = id;
      return;
    }
    spell_out(map);
  }
  push_key(name, false);
}

void Builder::spelled_key(Keys::Id id) {
  REEVE_ASSERT(!open_.empty() && open_.back().map && keys_);
  push_key(keys_->name(id), true);
}

void Builder::end() {
  REEVE_ASSERT(!open_.empty());
  const Open open = open_.back();
  open_.pop_back();
  const std::size_t cells = stack_.size() - open.first;
  REEVE_ASSERT(pending_ == Keys::none);           // a key without a value
  REEVE_ASSERT(!open.spelled || cells % 2 == 0);  // the same
  if (open.map && !open.spelled) {
    for (std::size_t i = open.first; i < stack_.size(); ++i) REEVE_ASSERT(stack_[i].key() != Keys::none);
  }
  Node node;
  node.head = (open.key << 8) | static_cast<std::uint32_t>(open.map ? Kind::map : Kind::list) |
              (open.spelled ? std::uint32_t{Node::spelled_keys} : 0U);
  node.size = static_cast<std::uint32_t>(open.spelled ? cells / 2 : cells);
  node.children = nullptr;
  if (cells > 0) {
    void* at = arena_->allocate(cells * sizeof(Node), alignof(Node));
    std::memcpy(at, stack_.data() + open.first, cells * sizeof(Node));
    node.children = static_cast<const Node*>(at);
  }
  stack_.resize(open.first);
  stack_.push_back(node);
}

void Builder::add_borrowed(std::string_view text) {
  Node& node = push(Kind::text);
  if (text.size() <= sizeof(node.bytes)) {
    set_short(node, text);
  } else {
    set_long(node, text.size(), text.data());
  }
}

bool Builder::adopt(const Keys* keys) {
  if (keys == nullptr || keys == keys_.get()) return true;
  if (keys_) return false;
  keys_ = keys->shared_from_this();
  return true;
}

void Builder::add(Value value) {
  switch (value.kind()) {
    case Kind::null:
      return null();
    case Kind::boolean:
      return add(value.as_bool());
    case Kind::integer:
      return add(value.as_integer());
    case Kind::real:
      return add(value.as_real());
    case Kind::text:
      return add(value.as_text());
    case Kind::timestamp:
      return add(value.as_time());
    case Kind::blob:
      return blob(value.as_text());
    case Kind::unknown:
      return unknown(value.as_text());
    case Kind::list:
      begin_list();
      for (const Value item : value.items()) add(item);
      return end();
    case Kind::map: {
      begin_map();
      const bool by_id = !value.node()->spelled() && adopt(value.keys());
      if (by_id) {
        for (std::size_t i = 0; i < value.size(); ++i) {
          const Node* entry = value.node()->children + i;
          key(entry->key());
          add(Value(entry, value.keys()));
        }
      } else {
        for (const auto [k, v] : value.entries()) {
          key(k);
          add(v);
        }
      }
      return end();
    }
  }
}

void Builder::add_shared(Value value) {
  if (!adopt(value.keys())) return add(value);
  Node& node = push(value.kind());
  const auto key = node.key();
  node = *value.node();
  node.set_key(key);
}

Document Builder::finish() {
  REEVE_ASSERT(open_.empty() && stack_.size() == 1);
  Node* root = static_cast<Node*>(arena_->allocate(sizeof(Node), alignof(Node)));
  *root = stack_.back();
  stack_.clear();
  const Keys* keys = keys_.get();
  if (keys_) arena_->keep(keys_);
  auto arena = std::exchange(arena_, std::make_shared<Arena>());
  return {std::move(arena), Value(root, keys)};
}

namespace {

/// Bytes that a copy of a value's children and texts takes in an arena, its own cell left out.
std::size_t bytes_below(Value value) {
  constexpr std::size_t longest_short = sizeof(Node::bytes);
  // Texts lie between cells, which are aligned to 8.
  auto text = [](std::size_t size) {
    return size <= longest_short ? 0 : (size + alignof(Node) - 1) & ~(alignof(Node) - 1);
  };
  std::size_t bytes = 0;
  switch (value.kind()) {
    case Kind::text:
    case Kind::blob:
    case Kind::unknown:
      return text(value.as_text().size());
    case Kind::list:
      for (const Value item : value.items()) bytes += sizeof(Node) + bytes_below(item);
      return bytes;
    case Kind::map:
      if (value.node()->spelled()) {
        for (const auto [key, member] : value.entries())
          bytes += 2 * sizeof(Node) + text(key.size()) + bytes_below(member);
      } else {
        for (std::size_t i = 0; i < value.size(); ++i) {
          bytes += sizeof(Node) + bytes_below(Value(value.node()->children + i, value.keys()));
        }
      }
      return bytes;
    default:
      return 0;
  }
}

}  // namespace

Document deep_copy(Value value) {
  Builder b(nullptr, std::make_shared<Arena>(sizeof(Node) + bytes_below(value)));
  b.add(value);
  return b.finish();
}

}  // namespace reeve
