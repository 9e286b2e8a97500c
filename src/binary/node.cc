#include "binary/node.h"

#include <algorithm>

namespace patchbay::binary {

std::string_view Node::attribute(std::string_view name) const {
  for (const auto& [key, value] : attributes)
    if (key == name) return value;
  return {};
}

bool Node::has_attribute(std::string_view name) const {
  return std::ranges::any_of(attributes, [name](const auto& pair) { return pair.first == name; });
}

void Node::set(std::string_view name, std::string_view value) {
  for (auto& [key, old] : attributes)
    if (key == name) {
      old = value;
      return;
    }
  attributes.emplace_back(name, value);
}

const Node* Node::child(std::string_view name) const {
  for (const Node& node : children())
    if (node.tag == name) return &node;
  return nullptr;
}

const Nodes& Node::children() const {
  static const Nodes none;
  const Nodes* const nodes = std::get_if<Nodes>(&content);
  return nodes == nullptr ? none : *nodes;
}

std::string_view Node::bytes() const {
  const Bytes* const bytes = std::get_if<Bytes>(&content);
  return bytes == nullptr ? std::string_view() : *bytes;
}

std::string_view Node::child_bytes(std::string_view name) const {
  const Node* const node = child(name);
  return node == nullptr ? std::string_view() : node->bytes();
}

}  // namespace patchbay::binary
