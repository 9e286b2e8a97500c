// Small helpers to write and read stanzas. Internal to the module. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "binary/jid.h"
#include "binary/node.h"

namespace patchbay::sandbox {

inline binary::Node parent(std::string tag, binary::Attributes attributes, binary::Nodes children) {
  return {.tag = std::move(tag), .attributes = std::move(attributes), .content = std::move(children)};
}
inline binary::Node leaf(std::string tag, binary::Attributes attributes = {}) {
  return {.tag = std::move(tag), .attributes = std::move(attributes)};
}
inline binary::Node data(std::string tag, std::string_view bytes) {
  return {.tag = std::move(tag), .content = Bytes(bytes)};
}

// The answers to a client's iq.
inline binary::Node result_of(const binary::Node& iq, binary::Nodes children = {}) {
  binary::Node result = leaf("iq", {{"from", std::string(iq.attribute("to"))},
                                    {"type", "result"},
                                    {"id", std::string(iq.attribute("id"))}});
  if (result.attributes.front().second.empty()) result.attributes.front().second = binary::kUserServer;
  if (!children.empty()) result.content = std::move(children);
  return result;
}
inline binary::Node error_of(const binary::Node& iq, int code, std::string_view text) {
  binary::Node error =
      result_of(iq, {leaf("error", {{"code", std::to_string(code)}, {"text", std::string(text)}})});
  error.set("type", "error");
  return error;
}

// Numbers in stanzas: big-endian octets.
inline std::string big_endian(uint32_t value, size_t size) {
  std::string octets(size, '\0');
  for (size_t i = 0; i < size; ++i) octets[size - 1 - i] = static_cast<char>(value >> (8 * i));
  return octets;
}
inline std::optional<uint32_t> from_big_endian(std::string_view octets, size_t size) {
  if (octets.size() != size) return std::nullopt;
  uint32_t value = 0;
  for (const char octet : octets) value = value << 8 | static_cast<uint8_t>(octet);
  return value;
}

}  // namespace patchbay::sandbox
