#include "binary/node.h"

#include <algorithm>

#include "base/bytes.h"

namespace patchbay::binary {

namespace {

constexpr size_t kShownValueBytes = 64;
constexpr std::string_view kCut = "…";

// `text` without its last bytes, and without half a character at its end.
std::string_view shortened(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// What would end a line, a quotation or the encoding of a log is written as \xNN.
void append_shown(std::string& out, std::string_view text) {
  const std::string_view shown = shortened(text, kShownValueBytes);
  const bool utf8 = is_valid_utf8(shown);
  for (const char character : shown) {
    const auto byte = static_cast<uint8_t>(character);
    if (byte < ' ' || byte == 0x7f || byte == '"' || byte == '\\' || (byte > 0x7f && !utf8))
      out.append("\\x").append(to_hex({&character, 1}));
    else
      out.push_back(character);
  }
  if (shown.size() < text.size()) out += kCut;
}

// Stops once `out` is longer than `max_bytes`.
void append_description(std::string& out, const Node& node, size_t max_bytes) {
  out.push_back('<');
  append_shown(out, node.tag);
  for (const auto& [name, value] : node.attributes) {
    if (out.size() > max_bytes) return;
    out.push_back(' ');
    append_shown(out, name);
    out += "=\"";
    append_shown(out, value);
    out.push_back('"');
  }
  if (std::holds_alternative<std::monostate>(node.content)) {
    out += "/>";
    return;
  }
  out.push_back('>');
  if (const Bytes* const bytes = std::get_if<Bytes>(&node.content))
    out.append("[").append(std::to_string(bytes->size())).append(bytes->size() == 1 ? " byte]" : " bytes]");
  for (const Node& child : node.children()) {
    if (out.size() > max_bytes) return;
    append_description(out, child, max_bytes);
  }
  out += "</";
  append_shown(out, node.tag);
  out.push_back('>');
}

}  // namespace

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

std::string describe(const Node& node, size_t max_bytes) {
  std::string out;
  append_description(out, node, max_bytes);
  if (out.size() <= max_bytes) return out;
  if (max_bytes < kCut.size()) return {};
  out.resize(shortened(out, max_bytes - kCut.size()).size());
  return out += kCut;
}

}  // namespace patchbay::binary
