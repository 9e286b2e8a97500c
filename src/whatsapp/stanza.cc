#include "whatsapp/stanza.h"

#include <charconv>

#include "binary/jid.h"

namespace patchbay::whatsapp {
namespace {

using binary::Attributes;
using binary::Node;
using binary::Nodes;

bool can_go_back(std::string_view value) {
  return !value.empty() && value.size() <= kMaxEchoBytes;
}

// The frame of an answer to a query; its sender is the server when it names none.
std::optional<Node> answer_to(const Node& iq, std::string_view type) {
  const std::string_view id = iq.attribute("id");
  std::string_view from = iq.attribute("from");
  if (from.empty()) from = binary::kUserServer;
  if (!can_go_back(id) || !can_go_back(from)) return std::nullopt;
  return element("iq", {{"to", std::string(from)}, {"id", std::string(id)}, {"type", std::string(type)}});
}

}  // namespace

Node element(std::string_view tag, Attributes attributes) {
  return {.tag = std::string(tag), .attributes = std::move(attributes), .content = {}};
}

Node element(std::string_view tag, Attributes attributes, Nodes children) {
  return {.tag = std::string(tag), .attributes = std::move(attributes), .content = std::move(children)};
}

Node bytes_element(std::string_view tag, std::string_view bytes) {
  return {.tag = std::string(tag), .attributes = {}, .content = Bytes(bytes)};
}

Node query(std::string_view type, std::string_view xmlns, Nodes children) {
  return element("iq",
                 {{"id", ""},
                  {"to", std::string(binary::kUserServer)},
                  {"type", std::string(type)},
                  {"xmlns", std::string(xmlns)}},
                 std::move(children));
}

std::optional<Node> result_for(const Node& iq, Nodes children) {
  auto out = answer_to(iq, "result");
  if (out && !children.empty()) out->content = std::move(children);
  return out;
}

std::optional<Node> error_for(const Node& iq, int code, std::string_view text) {
  auto out = answer_to(iq, "error");
  if (out)
    out->content = Nodes{element("error", {{"code", std::to_string(code)}, {"text", std::string(text)}})};
  return out;
}

std::optional<Node> ack_for(const Node& stanza) {
  const std::string_view id = stanza.attribute("id"), from = stanza.attribute("from");
  if (!can_go_back(id) || !can_go_back(from)) return std::nullopt;
  Node out = element("ack", {{"class", stanza.tag}, {"id", std::string(id)}, {"to", std::string(from)}});
  for (const std::string_view name : {"participant", "recipient", "type"}) {
    const std::string_view value = stanza.attribute(name);
    if (value.size() > kMaxEchoBytes) return std::nullopt;
    if (!value.empty()) out.set(name, value);
  }
  return out;
}

std::optional<Node> receipt_for(const Node& message, const OwnUsers& own, bool available) {
  const std::string_view id = message.attribute("id"), from = message.attribute("from");
  if (!can_go_back(id) || !can_go_back(from)) return std::nullopt;
  Node out = element("receipt", {{"id", std::string(id)}, {"to", std::string(from)}});
  for (const std::string_view name : {"participant", "recipient"}) {
    const std::string_view value = message.attribute(name);
    if (value.size() > kMaxEchoBytes) return std::nullopt;
    if (!value.empty()) out.set(name, value);
  }
  const std::string_view author = out.has_attribute("participant") ? out.attribute("participant") : from;
  const auto jid = binary::parse_jid(author);
  const bool is_own =
      jid && !jid->user.empty() && jid->user == (jid->server == binary::kLidServer ? own.lid : own.phone);
  if (is_own && message.attribute("category") == "peer")
    out.set("type", "peer_msg");
  else if (is_own)
    out.set("type", "sender");
  else if (!available)
    out.set("type", "inactive");
  return out;
}

bool is_result(const Node* answer) {
  return answer != nullptr && answer->attribute("type") == "result";
}

bool is_from_server(const Node& stanza) {
  const std::string_view from = stanza.attribute("from");
  return from.empty() || from == binary::kUserServer;
}

std::optional<uint64_t> number_attribute(const Node& node, std::string_view name) {
  const std::string_view text = node.attribute(name);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || text.empty() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string printable(std::string_view text, size_t max) {
  std::string out(text.substr(0, max));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

std::string error_text(const Node& answer) {
  const Node* const error = answer.child("error");
  if (error == nullptr) return {};
  std::string out(error->attribute("code"));
  if (error->has_attribute("text")) out.append(" ").append(error->attribute("text"));
  return printable(out);
}

uint64_t error_code(const Node& answer) {
  const Node* const error = answer.child("error");
  return error == nullptr ? 0 : number_attribute(*error, "code").value_or(0);
}

}  // namespace patchbay::whatsapp
