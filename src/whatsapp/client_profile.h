// How the client introduces itself to WhatsApp: its version, its name in the phone's list of devices, what it
// asks for. Data that can change at run time, because WhatsApp refuses old versions without notice (failure
// 405). ClientProfile is a value; ProfileSource is thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::whatsapp {

inline constexpr std::array<std::string_view, 7> kBrowsers{"Chrome", "Edge",   "Firefox", "IE",
                                                           "Opera",  "Safari", "Desktop"};

struct ClientProfile {
  std::array<uint32_t, 3> version{2, 3000, 1'045'649'367};
  // Shown on the phone under "linked devices", at most 60 bytes. Unusual names are refused in pairing by
  // code.
  std::string os_name = "Ubuntu";
  std::string browser = "Chrome";  // one of kBrowsers
  std::string locale_language = "en";
  std::string locale_country = "US";
  // --- Feature switches ---
  bool use_noise_ik = false;  // resume with the server's known key instead of a whole handshake
  bool full_history = false;
  uint32_t first_prekeys = 812;      // uploaded after the first login
  uint32_t low_prekeys = 5;          // fewer than this at the server: top up
  uint32_t more_prekeys = 50;        // by so many
  uint32_t signed_prekey_days = 30;  // the signed prekey is replaced when it is older
  uint32_t first_qr_ms = 60'000;     // how long the first QR code is shown
  uint32_t qr_ms = 20'000;           // and each that follows
};

// JSON object {"version":"2.3000.1045649367","osName":…,"browser":…,…}; absent fields keep their values of
// `base`. kValidation names the field that is wrong.
Result<ClientProfile> parse_client_profile(std::string_view json, const ClientProfile& base = {});
std::string to_json(const ClientProfile& profile);
// "2.3000.1045649367"
std::string version_text(const ClientProfile& profile);

// The profile in force. Sessions read it when they connect.
class ProfileSource {
 public:
  explicit ProfileSource(ClientProfile profile = {}) : profile_(std::move(profile)) {}
  ClientProfile get() const {
    const std::lock_guard lock(mutex_);
    return profile_;
  }
  void set(ClientProfile profile) {
    const std::lock_guard lock(mutex_);
    profile_ = std::move(profile);
  }

 private:
  mutable std::mutex mutex_;
  ClientProfile profile_;  // guarded by mutex_
};

}  // namespace patchbay::whatsapp
