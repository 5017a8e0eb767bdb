#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/keys.h"
#include "base/time.h"

namespace reeve {

/// What a value is. `unknown` is not absent: something that could not be read, with the reason.
enum class Kind : std::uint8_t { null, boolean, integer, real, text, timestamp, blob, list, map, unknown };
std::string_view name(Kind kind);

/// One cell of a document: 16 bytes. Texts of up to 8 bytes live in the cell. A list points at its items, a map at its
/// entries: values that carry their interned key, or, where a key was spelled out, pairs of a text and a value.
/// Made by Builder, read through Value.
struct Node {
  enum Flag : std::uint8_t { short_text = 0x10, spelled_keys = 0x20, kind_mask = 0x0F };
  std::uint32_t head = (std::uint32_t{Keys::none} << 8);  // key << 8 | flags | kind
  std::uint32_t size = 0;                                 // bytes of a text, items of a list, entries of a map
  union {
    bool boolean;
    std::int64_t integer;  // also microseconds of a timestamp
    double real;
    char bytes[8];
    const char* text;
    const Node* children;
  };
  constexpr Node() : integer(0) {}
  Kind kind() const { return static_cast<Kind>(head & kind_mask); }
  Keys::Id key() const { return head >> 8; }
  void set_key(Keys::Id id) { head = (head & 0xFF) | (id << 8); }
  bool spelled() const { return (head & spelled_keys) != 0; }
};
static_assert(sizeof(Node) == 16);

class Items;
class Entries;

/// Reads one value of a document. Cheap to copy (two pointers); valid as long as the Document it came from is held by
/// somebody. Readers of the wrong kind give the neutral value (0, "", no items): ask kind() where it matters.
/// Reading a member of an unknown value gives that unknown.
class Value {
 public:
  Value() : node_(&null_node), keys_(nullptr) {}
  Value(const Node* node, const Keys* keys) : node_(node), keys_(keys) {}

  Kind kind() const { return node_->kind(); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_unknown() const { return kind() == Kind::unknown; }
  bool is_text() const { return kind() == Kind::text; }
  bool is_list() const { return kind() == Kind::list; }
  bool is_map() const { return kind() == Kind::map; }
  bool is_number() const { return kind() == Kind::integer || kind() == Kind::real; }

  bool as_bool() const { return kind() == Kind::boolean && node_->boolean; }
  /// An integer, or a real cut towards zero; 0 where it does not fit.
  std::int64_t as_integer() const;
  double as_real() const;
  /// A text's or a blob's bytes; the reason of an unknown value.
  std::string_view as_text() const;
  std::string as_string() const { return std::string(as_text()); }
  std::string_view as_text_or(std::string_view otherwise) const { return is_text() ? as_text() : otherwise; }
  Time as_time() const { return kind() == Kind::timestamp ? Time{node_->integer} : Time{}; }
  std::string_view unknown_reason() const { return is_unknown() ? as_text() : std::string_view{}; }

  /// Items of a list, entries of a map, bytes of a text or blob; else 0.
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  /// An item of a list; a null value past the end.
  Value operator[](std::size_t index) const;
  /// A member of a map; a null value where there is none (AWS sends no nulls); of an unknown value, that unknown.
  Value operator[](std::string_view key) const;
  Value operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  template <std::integral I>
  Value operator[](I index) const {
    return (*this)[static_cast<std::size_t>(index)];
  }
  /// A member of a map, nullopt where there is none.
  std::optional<Value> find(std::string_view key) const;
  /// The same by interned key, of the Keys of this document; nullptr where there is none. `hint` is where it was found
  /// last time and is updated: for repeated look-ups.
  const Node* find(Keys::Id key, std::uint32_t& hint) const;

  Items items() const;      ///< for (Value item : v.items())
  Entries entries() const;  ///< for (auto [key, value] : v.entries())

  const Node* node() const { return node_; }
  const Keys* keys() const { return keys_; }

  /// Equal content. Integers and reals compare as numbers; maps without regard to order; unknown equals nothing.
  friend bool operator==(const Value& a, const Value& b);

 private:
  static const Node null_node;
  const Node* node_;
  const Keys* keys_;
};

class Items {
 public:
  struct Iterator {
    const Node* at;
    const Keys* keys;
    Value operator*() const { return {at, keys}; }
    Iterator& operator++() { return ++at, *this; }
    bool operator==(const Iterator& o) const { return at == o.at; }
  };
  Items(const Node* begin, std::size_t size, const Keys* keys) : begin_(begin), size_(size), keys_(keys) {}
  Iterator begin() const { return {begin_, keys_}; }
  Iterator end() const { return {begin_ + size_, keys_}; }
  std::size_t size() const { return size_; }

 private:
  const Node* begin_;
  std::size_t size_;
  const Keys* keys_;
};

class Entries {
 public:
  struct Iterator {
    const Node* at;
    bool spelled;
    const Keys* keys;
    std::pair<std::string_view, Value> operator*() const {
      if (spelled) return {Value(at, keys).as_text(), Value(at + 1, keys)};
      return {keys->name(at->key()), Value(at, keys)};
    }
    Iterator& operator++() { return at += spelled ? 2 : 1, *this; }
    bool operator==(const Iterator& o) const { return at == o.at; }
  };
  Entries(const Node* begin, std::size_t size, bool spelled, const Keys* keys)
      : begin_(begin), size_(size), spelled_(spelled), keys_(keys) {}
  Iterator begin() const { return {begin_, spelled_, keys_}; }
  Iterator end() const { return {begin_ + size_ * (spelled_ ? 2 : 1), spelled_, keys_}; }
  std::size_t size() const { return size_; }

 private:
  const Node* begin_;
  std::size_t size_;
  bool spelled_;
  const Keys* keys_;
};

/// Memory of documents: handed out in order, freed all at once. Not for several threads at a time while building.
class Arena {
 public:
  Arena() = default;
  /// Takes `first_block` bytes at the first use, where the size is known beforehand.
  explicit Arena(std::size_t first_block) : block_(first_block) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();
  void* allocate(std::size_t bytes, std::size_t align) {
    const std::size_t padding = -reinterpret_cast<std::uintptr_t>(next_) & (align - 1);
    if (padding + bytes > static_cast<std::size_t>(end_ - next_)) [[unlikely]]
      return allocate_block(bytes, align);
    char* const at = next_ + padding;
    next_ = at + bytes;
    return at;
  }
  const char* copy_text(std::string_view text);
  /// Keeps something alive as long as the arena: a response's body that texts point into, another document.
  void keep(std::shared_ptr<const void> owner) { kept_.push_back(std::move(owner)); }
  /// Bytes taken from the system.
  std::size_t size_bytes() const { return total_; }

 private:
  void* allocate_block(std::size_t bytes, std::size_t align);
  char *next_ = nullptr, *end_ = nullptr;
  static constexpr std::size_t small_block = 192;  // evidence and parameters: most documents are a handful of cells
  std::size_t total_ = 0, block_ = small_block;
  std::vector<void*> blocks_;
  std::vector<std::shared_ptr<const void>> kept_;
};

/// A value together with the memory it lives in. Immutable; copying shares. A null document is cheap.
class Document {
 public:
  Document() = default;
  Document(std::shared_ptr<const Arena> arena, Value root) : arena_(std::move(arena)), root_(root) {}
  Value root() const { return root_; }
  operator Value() const { return root_; }  // NOLINT: a document is read like its root
  Value operator[](std::string_view key) const { return root_[key]; }
  Value operator[](const char* key) const { return root_[key]; }
  template <std::integral I>
  Value operator[](I index) const {
    return root_[static_cast<std::size_t>(index)];
  }
  /// A part of this document that keeps the whole in memory. `part` must be of this document.
  Document part(Value part) const { return {arena_, part}; }
  const std::shared_ptr<const Arena>& arena() const { return arena_; }

 private:
  std::shared_ptr<const Arena> arena_;
  Value root_;
};

/// Writes a document from left to right:
///
///   Builder b;
///   b.begin_map();
///   b.put("OwnerIds", …)      a scalar, a text, a Value (copied) under a key
///   b.begin_list("Tags");     … b.add(item); … b.end();
///   b.end();
///   Document d = b.finish();
///
/// With a Keys, keys that are interned there become ids; others are spelled out. Keys of one map are not checked for
/// duplicates here (parsers do that); a reader finds the first.
class Builder {
 public:
  explicit Builder(std::shared_ptr<const Keys> keys = nullptr);

  void begin_map() { begin(true); }
  void begin_list() { begin(false); }
  void begin_map(std::string_view key) { this->key(key), begin_map(); }
  void begin_list(std::string_view key) { this->key(key), begin_list(); }
  void end();

  /// The key of the next value.
  void key(std::string_view name);
  void key(Keys::Id id) {
    if (!open_.empty() && open_.back().map && !open_.back().spelled) [[likely]] {
      pending_ = id;
    } else {
      spelled_key(id);
    }
  }

  void null() { push(Kind::null); }
  void add(bool value) { push(Kind::boolean).boolean = value; }
  void add(std::int64_t value) { push(Kind::integer).integer = value; }
  void add(int value) { add(std::int64_t{value}); }
  /// Other integers; one that does not fit std::int64_t becomes a real.
  template <std::integral I>
  void add(I value) {
    static_assert(!std::same_as<I, char>, "a text, or a number?");
    if (std::in_range<std::int64_t>(value)) {
      add(static_cast<std::int64_t>(value));
    } else {
      add(static_cast<double>(value));
    }
  }
  void add(const void*) = delete;  // a pointer would else become a boolean
  void add(double value) { push(Kind::real).real = value; }
  void add(std::string_view text) { push_text(Kind::text, text); }
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(const char* text) { add(std::string_view(text)); }
  void add(Time time) { push(Kind::timestamp).integer = time.us; }
  void add(Value value);  ///< a deep copy
  void add(const Document& document) { add(document.root()); }
  void blob(std::string_view bytes) { push_text(Kind::blob, bytes); }
  void unknown(std::string_view reason) { push_text(Kind::unknown, reason); }
  /// A text that is not copied: it must live as long as the arena (see Arena::keep).
  void add_borrowed(std::string_view text);
  /// A node that is shared with its children, not copied: they must live as long as the arena, and use the same Keys.
  void add_shared(Value value);

  template <class T>
  void put(std::string_view k, const T& value) {
    key(k);
    add(value);
  }
  void put_null(std::string_view k) { key(k), null(); }
  /// Puts a text only where it is not empty.
  void put_if(std::string_view k, std::string_view text) {
    if (!text.empty()) put(k, text);
  }

  std::size_t depth() const { return open_.size(); }
  Arena& arena() { return *arena_; }
  /// Ends the document: exactly one value must have been written, and everything that was begun must be ended.
  /// The builder is then empty and can write another document, in a new arena.
  Document finish();

 private:
  struct Open {
    std::size_t first;  // index of the first child in stack_
    Keys::Id key;       // its own key in the map around it
    bool map;
    bool spelled;  // children are pairs of a text and a value
  };
  friend Document deep_copy(Value value);
  Builder(std::shared_ptr<const Keys> keys, std::shared_ptr<Arena> arena)
      : keys_(std::move(keys)), arena_(std::move(arena)) {}
  Node& push(Kind kind) {
    Node& node = stack_.emplace_back();
    node.head = (pending_ << 8) | static_cast<std::uint32_t>(kind);
    pending_ = Keys::none;
    return node;
  }
  void push_text(Kind kind, std::string_view text) {
    Node& node = push(kind);
    if (text.size() <= sizeof(node.bytes)) {
      set_short(node, text);
    } else {
      set_long(node, text.size(), arena_->copy_text(text));
    }
  }
  static void set_short(Node& node, std::string_view text) {
    node.head |= Node::short_text;
    node.size = static_cast<std::uint32_t>(text.size());
    if (!text.empty()) std::memcpy(node.bytes, text.data(), text.size());
  }
  static void set_long(Node& node, std::size_t size, const char* text) {
    REEVE_ASSERT(size <= UINT32_MAX);
    node.size = static_cast<std::uint32_t>(size);
    node.text = text;
  }
  void begin(bool map) {
    open_.push_back({.first = stack_.size(), .key = pending_, .map = map, .spelled = false});
    pending_ = Keys::none;
  }
  void spelled_key(Keys::Id id);
  void push_key(std::string_view name, bool borrowed);
  void spell_out(Open& map);
  /// Takes over the Keys of a value that is to be written here; false if this builder already uses another.
  bool adopt(const Keys* keys);
  std::shared_ptr<const Keys> keys_;
  std::shared_ptr<Arena> arena_;
  std::vector<Node> stack_;
  std::vector<Open> open_;
  Keys::Id pending_ = Keys::none;
};

/// A copy of its own of one value, as small as it can be: for what outlives its page.
Document deep_copy(Value value);

}  // namespace reeve
