#include "whatsapp/endings.h"

#include <algorithm>

#include "whatsapp/stanza.h"

namespace patchbay::whatsapp {
namespace {

using binary::Node;

// What WhatsApp may say of a ban's length, and we believe.
constexpr uint64_t kLongestBanSeconds = 400ull * 24 * 3600;

SessionEnd unlinked() {
  return {.reason = CloseReason::kUnlinkedByPhone,
          .text = "The device was unlinked from the phone; link it again with a new code.",
          .credentials_gone = true};
}

SessionEnd busy(std::string code) {
  return {.reason = CloseReason::kServerBusy,
          .text = "WhatsApp asks to come back later (" + std::move(code) + ").",
          .retry_makes_sense = true};
}

SessionEnd refused(std::string text) {
  return {.reason = CloseReason::kRefused, .text = std::move(text)};
}

SessionEnd banned_for_a_while(const Node& failure) {
  const auto seconds = number_attribute(failure, "expire");
  SessionEnd out{.reason = CloseReason::kTemporarilyBanned,
                 .text = "WhatsApp banned this account for a while; send less once it is back."};
  if (failure.has_attribute("code"))
    out.text = "WhatsApp banned this account for a while (code " + printable(failure.attribute("code"), 16) +
               "); send less once it is back.";
  if (seconds) {
    out.retry_makes_sense = true;
    out.retry_after = Milliseconds(static_cast<int64_t>(std::min(*seconds, kLongestBanSeconds) * 1'000));
  }
  return out;
}

}  // namespace

StreamEnd end_of_stream(const Node& stream_error) {
  const std::string_view code = stream_error.attribute("code");
  const Node* const conflict = stream_error.child("conflict");
  const std::string_view type = conflict == nullptr ? std::string_view() : conflict->attribute("type");
  if (code == "515") return {.restart = true};
  if (type == "device_removed") return {.end = unlinked()};
  if (type == "replaced")
    return {.end = {.reason = CloseReason::kReplaced,
                    .text = "The same device connected from somewhere else; stop the other one first."}};
  if (code == "503") return {.end = busy("503")};
  std::string text = "WhatsApp ended the stream";
  if (!code.empty()) text += " (" + printable(code, 16) + ")";
  return {.end = {.reason = CloseReason::kNetworkLost, .text = text + ".", .retry_makes_sense = true}};
}

SessionEnd end_of_login(const Node& failure) {
  const uint64_t reason = number_attribute(failure, "reason").value_or(0);
  switch (reason) {
    case 401:
      return unlinked();
    case 402:
      return banned_for_a_while(failure);
    case 403: {
      std::string text = "WhatsApp locked this account; open WhatsApp on the phone and follow what it says.";
      const std::string_view header = failure.attribute("logout_message_header");
      if (!header.empty()) text += " WhatsApp says: " + printable(header, 200);
      return {.reason = CloseReason::kBanned, .text = std::move(text), .credentials_gone = true};
    }
    case 405:
      return {.reason = CloseReason::kClientOutdated,
              .text = "WhatsApp refuses this client version; update the server or its client profile."};
    case 406:
      return {.reason = CloseReason::kBanned,
              .text = "WhatsApp banned this account; settle that in the app on the phone.",
              .credentials_gone = true};
    case 500:
    case 503:
      return busy(std::to_string(reason));
    case 409:
      return refused("WhatsApp refused how this client introduces itself (409); check the client profile.");
    default:
      return refused("WhatsApp refused the login (" + printable(failure.attribute("reason"), 16) +
                     "); check the account on the phone, then connect again.");
  }
}

SessionEnd end_of_old_phone() {
  return refused("The phone's WhatsApp does not support linked devices; update it, then link again.");
}

SessionEnd end_of_network(std::string_view detail) {
  return {.reason = CloseReason::kNetworkLost,
          .text = "The connection to WhatsApp broke: " + printable(detail) + ".",
          .retry_makes_sense = true};
}

SessionEnd end_of_connecting(const Error& error) {
  const bool late = error.code == ErrorCode::kRequestTimeout;
  return {.reason = late ? CloseReason::kTimedOut : CloseReason::kUnreachable,
          .text = "WhatsApp could not be reached: " + printable(error.message, 300) + ".",
          .retry_makes_sense = true};
}

SessionEnd end_of_waiting(std::string_view what) {
  return {.reason = CloseReason::kTimedOut,
          .text = "WhatsApp did not " + std::string(what) + " in time.",
          .retry_makes_sense = true};
}

SessionEnd end_of_nonsense(std::string_view detail) {
  return {.reason = CloseReason::kNetworkLost,
          .text = "The connection to WhatsApp is unusable: " + printable(detail, 200) + ".",
          .retry_makes_sense = true};
}

}  // namespace patchbay::whatsapp
