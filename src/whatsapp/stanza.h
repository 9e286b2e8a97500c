// Internal to the module. Builds the stanzas that many parts need, and reads what they have in common. Pure
// functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "binary/node.h"

namespace patchbay::whatsapp {

// Ids, addresses and types that a peer sent and that go back to it; longer ones are not answered.
inline constexpr size_t kMaxEchoBytes = 256;

// Without device and server; empty when it is not known.
struct OwnUsers {
  std::string phone;
  std::string lid;
};

binary::Node element(std::string_view tag, binary::Attributes attributes = {});
binary::Node element(std::string_view tag, binary::Attributes attributes, binary::Nodes children);
binary::Node bytes_element(std::string_view tag, std::string_view bytes);

// <iq type xmlns to="s.whatsapp.net">children</iq>; the id comes when it is sent.
binary::Node query(std::string_view type, std::string_view xmlns, binary::Nodes children);
// The answer to a query of the server; nothing when its id or sender cannot be answered.
std::optional<binary::Node> result_for(const binary::Node& iq, binary::Nodes children = {});
std::optional<binary::Node> error_for(const binary::Node& iq, int code, std::string_view text);
// <ack class=tag …/> that the server waits for; nothing when its id or sender cannot be answered.
std::optional<binary::Node> ack_for(const binary::Node& stanza);

// <receipt …/>, which tells the server and the sender that a message arrived: type "peer_msg" for what the
// own phone says to its devices, "sender" for the account's own messages from another device, else none when
// this device counts as there (`available`), or "inactive". `own` are the account's users, as number and as
// hidden id. Nothing as with ack_for().
std::optional<binary::Node> receipt_for(const binary::Node& message, const OwnUsers& own, bool available);

// True of an answer to a query that says type="result"; false for an error and for none (null).
bool is_result(const binary::Node* answer);
// True when nobody but the server can have sent it.
bool is_from_server(const binary::Node& stanza);
// A decimal attribute; nothing when it is absent, no number or negative.
std::optional<uint64_t> number_attribute(const binary::Node& node, std::string_view name);
// "404 item-not-found" of <error code text/>, printable ASCII only, at most 100 bytes; "" without one.
std::string error_text(const binary::Node& answer);
// Of <error code/>; 0 without one.
uint64_t error_code(const binary::Node& answer);
// What a peer wrote, fit for people: anything but printable ASCII becomes '?', at most `max` bytes.
std::string printable(std::string_view text, size_t max = 100);

}  // namespace patchbay::whatsapp
