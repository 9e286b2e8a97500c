// JIDs, WhatsApp's addresses: user[:device]@server, also without a user for servers and "@g.us". The server
// names and the forms on the wire: docs/protocol/whatsapp.md. A value; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::binary {

inline constexpr std::string_view kUserServer = "s.whatsapp.net";  // phone numbers
inline constexpr std::string_view kLidServer = "lid";              // hidden ids
inline constexpr std::string_view kGroupServer = "g.us";
inline constexpr std::string_view kHostedServer = "hosted";
inline constexpr std::string_view kHostedLidServer = "hosted.lid";
inline constexpr std::string_view kMessengerServer = "msgr";
inline constexpr std::string_view kInteropServer = "interop";

struct Jid {
  std::string user;    // may be empty; ids exceed 2^53: text, never a number
  std::string server;  // never empty
  uint16_t device = 0;
  uint16_t integrator = 0;  // of server "interop" alone

  bool operator==(const Jid&) const = default;
};

// "15551234567:12@s.whatsapp.net", "s.whatsapp.net" for the server itself, "@g.us" for the group server as an
// address, "integrator-user@interop".
std::string to_string(const Jid& jid);
// Nothing for text that is no JID: at most 256 bytes of printable ASCII, one '@' (or "s.whatsapp.net" alone),
// device and integrator 0 to 65,535. The server need not be one that is known. Other spellings of the same
// JID are understood ("@s.whatsapp.net", "15551234567:0@s.whatsapp.net").
std::optional<Jid> parse_jid(std::string_view text);

}  // namespace patchbay::binary
