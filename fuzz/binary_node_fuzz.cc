// deps: binary
// A frame of arbitrary bytes. What decodes must be encodable, and decode to the same node again, strictly
// too; empty attributes aside, which are not written. What decodes strictly decodes to the same without.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "binary/decoder.h"
#include "binary/encoder.h"
#include "binary/jid.h"

namespace binary = patchbay::binary;

namespace {

void drop_empty_attributes(binary::Node& node) {
  std::erase_if(node.attributes, [](const auto& pair) { return pair.second.empty(); });
  if (auto* const children = std::get_if<binary::Nodes>(&node.content))
    for (binary::Node& child : *children) drop_empty_attributes(child);
}

void check_jids(const binary::Node& node) {
  for (const auto& [name, value] : node.attributes)
    if (const auto jid = binary::parse_jid(value); jid && binary::parse_jid(binary::to_string(*jid)) != jid)
      std::abort();
  for (const binary::Node& child : node.children()) check_jids(child);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view frame(reinterpret_cast<const char*>(data), size);
  // Limits that a fuzzer's short inputs can reach.
  binary::DecodeLimits limits{
      .max_depth = 8, .max_nodes = 200, .max_attributes = 500, .max_inflated_bytes = 1 << 16};
  auto node = binary::decode(frame, limits);
  limits.strict = true;
  if (const auto strictly = binary::decode(frame, limits); strictly && (!node || *strictly != *node))
    std::abort();
  if (!node) {
    if (node.error().message.empty()) std::abort();
    return 0;
  }
  if (binary::describe(*node, 200).size() > 200) std::abort();
  check_jids(*node);
  drop_empty_attributes(*node);
  const auto again = binary::decode(binary::encode(*node), {.strict = true});
  if (!again || *again != *node) std::abort();
  return 0;
}
