#pragma once
#include <cstring>
#include <span>
#include <string_view>

#include "base/document.h"

namespace reeve::text {

// Cells of documents made one by one: for makers that share parts of other documents, which Builder would copy.

inline Node plain_node(Kind kind) {
  Node node;
  node.head = (std::uint32_t{Keys::none} << 8) | static_cast<std::uint32_t>(kind);
  return node;
}
inline Node bool_node(bool value) {
  Node node = plain_node(Kind::boolean);
  node.boolean = value;
  return node;
}
inline Node integer_node(std::int64_t value) {
  Node node = plain_node(Kind::integer);
  node.integer = value;
  return node;
}
inline Node real_node(double value) {
  Node node = plain_node(Kind::real);
  node.real = value;
  return node;
}
inline Node time_node(Time value) {
  Node node = plain_node(Kind::timestamp);
  node.integer = value.us;
  return node;
}
/// A text whose bytes must live as long as the node is used.
inline Node borrowed_text_node(std::string_view text, Kind kind = Kind::text) {
  Node node = plain_node(kind);
  node.size = static_cast<std::uint32_t>(text.size());
  if (text.size() <= sizeof(node.bytes)) {
    node.head |= Node::short_text;
    if (!text.empty()) std::memcpy(node.bytes, text.data(), text.size());
  } else {
    node.text = text.data();
  }
  return node;
}
inline Node text_node(Arena& arena, std::string_view text, Kind kind = Kind::text) {
  if (text.size() <= sizeof(Node::bytes)) return borrowed_text_node(text, kind);
  return borrowed_text_node({arena.copy_text(text), text.size()}, kind);
}
inline const Node* copy_nodes(Arena& arena, std::span<const Node> nodes) {
  if (nodes.empty()) return nullptr;
  void* at = arena.allocate(nodes.size_bytes(), alignof(Node));
  std::memcpy(at, nodes.data(), nodes.size_bytes());
  return static_cast<const Node*>(at);
}
inline Node list_node(Arena& arena, std::span<const Node> items) {
  Node node = plain_node(Kind::list);
  node.size = static_cast<std::uint32_t>(items.size());
  node.children = copy_nodes(arena, items);
  return node;
}
/// A map from cells that are a key text and a value in turn.
inline Node map_node(Arena& arena, std::span<const Node> cells) {
  Node node = plain_node(Kind::map);
  node.head |= Node::spelled_keys;
  node.size = static_cast<std::uint32_t>(cells.size() / 2);
  node.children = copy_nodes(arena, cells);
  return node;
}

}  // namespace reeve::text
