#include "binary/encoder.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "binary/jid.h"
#include "binary/tokens.h"
#include "binary/wire.h"

namespace patchbay::binary {

namespace {

// A push name may hold an '@': only with these servers is it an address.
constexpr std::array<std::string_view, 12> kServers{
    kUserServer,   kLidServer,       kGroupServer, "broadcast",      "newsletter",   "c.us",
    kHostedServer, kHostedLidServer, "bot",        kMessengerServer, kInteropServer, "call"};

bool may_be_jid(std::string_view value) {
  const size_t at = value.find('@');
  if (at == std::string_view::npos) return value == kUserServer;
  return std::ranges::find(kServers, value.substr(at + 1)) != kServers.end();
}

bool consists_of(std::string_view text, std::string_view digits) {
  return text.size() <= wire::kMaxPackedText && text.find_first_not_of(digits) == std::string_view::npos;
}

class Writer {
 public:
  Bytes take() { return std::move(out_); }

  void node(const Node& node) {
    const size_t attributes = static_cast<size_t>(
        std::ranges::count_if(node.attributes, [](const auto& pair) { return !pair.second.empty(); }));
    const Nodes& children = node.children();
    const Bytes* const bytes = std::get_if<Bytes>(&node.content);
    list(1 + 2 * attributes + (bytes != nullptr || !children.empty() ? 1 : 0));
    string(node.tag);
    for (const auto& [name, value] : node.attributes) {
      if (value.empty()) continue;
      string(name);
      attribute_value(value);
    }
    if (bytes != nullptr) raw(*bytes);
    if (children.empty()) return;
    list(children.size());
    for (const Node& child : children) this->node(child);
  }

 private:
  void number(size_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
      out_.push_back(static_cast<char>(value >> shift));
  }
  void byte(size_t value) { number(value, 1); }

  void list(size_t size) {
    if (size > std::numeric_limits<uint16_t>::max())
      throw std::length_error("a binary node's list is too long");
    byte(size <= 255 ? wire::kList8 : wire::kList16);
    number(size, size <= 255 ? 1 : 2);
  }

  void raw(std::string_view bytes) {
    if (bytes.size() < 256) {
      byte(wire::kBytes8);
      number(bytes.size(), 1);
    } else if (bytes.size() < (1u << 20)) {
      byte(wire::kBytes20);
      number(bytes.size(), 3);
    } else {
      if (bytes.size() > std::numeric_limits<uint32_t>::max())
        throw std::length_error("a binary node's content is too long");
      byte(wire::kBytes32);
      number(bytes.size(), 4);
    }
    out_ += bytes;
  }

  // Padding is 15 in both alphabets.
  void packed(uint8_t form, std::string_view text, std::string_view digits) {
    const bool odd = text.size() % 2 == 1;
    byte(form);
    byte((text.size() + 1) / 2 | (odd ? wire::kOddLength : 0));
    for (size_t i = 0; i < text.size(); i += 2)
      byte(digits.find(text[i]) << 4 | (i + 1 < text.size() ? digits.find(text[i + 1]) : 15));
  }

  void string(std::string_view text) {
    if (const auto token = find_token(text)) {
      const size_t in_dictionaries = *token - kSingleByteTokens;
      if (*token < kSingleByteTokens) return byte(*token);
      byte(wire::kDictionary0 + in_dictionaries / kDictionaryTokens);
      return byte(in_dictionaries % kDictionaryTokens);
    }
    if (text.empty()) return raw(text);
    if (consists_of(text, wire::kNibbleDigits)) return packed(wire::kPackedNibble, text, wire::kNibbleDigits);
    if (consists_of(text, wire::kHexDigits)) return packed(wire::kPackedHex, text, wire::kHexDigits);
    raw(text);
  }

  void attribute_value(std::string_view value) {
    if (may_be_jid(value))
      if (const auto jid = parse_jid(value); jid && to_string(*jid) == value && write_jid(*jid)) return;
    string(value);
  }

  // False, with nothing written, when no form can say this JID.
  bool write_jid(const Jid& jid) {
    if (jid.server == kMessengerServer || jid.server == kInteropServer) {
      const bool interop = jid.server == kInteropServer;
      if (jid.user.empty()) return false;
      byte(interop ? wire::kInteropJid : wire::kMessengerJid);
      string(jid.user);
      number(jid.device, 2);
      if (interop) number(jid.integrator, 2);
      string(jid.server);
      return true;
    }
    const auto* const domain =
        std::ranges::find(wire::kDomains, jid.server, [](const auto& pair) { return pair.second; });
    const bool hosted = jid.server == kHostedServer || jid.server == kHostedLidServer;
    if (domain != wire::kDomains.end() && (jid.device > 0 || hosted)) {
      if (jid.device > 255 || jid.user.empty()) return false;
      byte(wire::kDeviceJid);
      byte(domain->first);
      byte(jid.device);
      string(jid.user);
      return true;
    }
    if (jid.device > 0) return false;
    byte(wire::kJidPair);
    if (jid.user.empty())
      byte(wire::kNothing);
    else
      string(jid.user);
    string(jid.server);
    return true;
  }

  Bytes out_ = Bytes(1, '\0');  // the flag byte: not compressed
};

}  // namespace

Bytes encode(const Node& node) {
  Writer writer;
  writer.node(node);
  return writer.take();
}

}  // namespace patchbay::binary
