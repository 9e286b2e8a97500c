// A node of WhatsApp's binary stanzas: a tag, attributes, and either nothing, child nodes or bytes. A value;
// any thread. How it travels: encoder.h, decoder.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace patchbay::binary {

struct Node;
using Nodes = std::vector<Node>;
// In the order of the wire. JIDs are in their text form; the encoder recognises them.
using Attributes = std::vector<std::pair<std::string, std::string>>;

struct Node {
  std::string tag;
  Attributes attributes = {};
  std::variant<std::monostate, Nodes, Bytes> content = {};

  // Empty when it is absent.
  std::string_view attribute(std::string_view name) const;
  bool has_attribute(std::string_view name) const;
  // Replaces, or adds.
  void set(std::string_view name, std::string_view value);
  // The first child with this tag, or null.
  const Node* child(std::string_view name) const;
  // Empty when the content is no list.
  const Nodes& children() const;
  // The content as bytes; empty when it is something else.
  std::string_view bytes() const;
  // Bytes of the child `name`; empty when there is none.
  std::string_view child_bytes(std::string_view name) const;

  bool operator==(const Node&) const = default;
};

// <tag a="b"><child/>[12 bytes]</tag>, for logs and messages: content that is bytes is only counted, and
// values longer than 64 bytes are cut. At most `max_bytes`.
std::string describe(const Node& node, size_t max_bytes = 2'000);

}  // namespace patchbay::binary
