// Agreeing on permessage-deflate (RFC 7692 §§5, 7.1) in the handshake's Sec-WebSocket-Extensions (RFC 6455
// §9.1), from both ends. Strict and linear in its input. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/deflate.h"

namespace patchbay::websocket {

// One element of the header: a name and its parameters in order.
struct Extension {
  struct Parameter {
    std::string name;
    std::optional<std::string> value;  // without quotes
  };
  std::string name;
  std::vector<Parameter> parameters;
};

// Elements, and parameters of all of them together, that one header may have.
inline constexpr size_t kMaxExtensions = 16;
inline constexpr size_t kMaxExtensionParameters = 64;

// Nothing when the header is not what RFC 6455 §9.1 says, or past the limits above.
std::optional<std::vector<Extension>> parse_extensions(std::string_view header);

// What both ends may do from now on.
struct DeflateAgreement {
  // Of the window that we compress with: 0 when nothing was agreed on, else 8 to 15. At 8 nothing is
  // compressed on the way out (kMinSendWindowBits).
  uint8_t send_window_bits = 0;
  explicit operator bool() const { return send_window_bits != 0; }
};

// A server's side. The first offer that can be kept is taken; an offer with an unknown, repeated or wrong
// parameter is passed over (RFC 7692 §7.1), as are other extensions.
struct DeflateAnswer {
  DeflateAgreement agreement;
  std::string header;  // the value of our Sec-WebSocket-Extensions; empty: leave it away
};
// Error: the header was malformed, fail the handshake with 400.
std::expected<DeflateAnswer, std::string> answer_deflate_offer(std::string_view header,
                                                               const DeflateOptions& options);

// A client's side: what to offer, and what the server's header then means. An absent header is an answer too:
// no agreement, and no call here. Error: the server agreed on what was not offered, fail the connection.
std::string_view deflate_offer();
std::expected<DeflateAgreement, std::string> check_deflate_answer(std::string_view header);

}  // namespace patchbay::websocket
