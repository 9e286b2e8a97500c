// The native client: speaks WhatsApp's own protocol over a WebSocket. A session is session_core.h's machine
// on a shard: this file gives it a transport, timers and threads for slow work, and passes on what it tells.
// Sending and reading messages is not in here yet: both need the encryption between devices, which comes
// later; until then send_text() refuses, and messages stay in WhatsApp's queue. Threads: as engine.h says;
// the Executor given to open() is a net::Shard.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/worker_pool.h"
#include "crypto/curve25519.h"
#include "http/url.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "whatsapp/client_profile.h"
#include "whatsapp/engine.h"

namespace patchbay::whatsapp {

inline constexpr std::string_view kWhatsAppUrl = "wss://web.whatsapp.com/ws/chat";

struct NativeEngineOptions {
  std::string url{kWhatsAppUrl};
  // Whom to trust for wss; null: the system's authorities.
  std::shared_ptr<const net::TlsContext> tls = nullptr;
  // A root of one's own instead of WhatsApp's, for a sandbox alone: whoever holds its key is taken for
  // WhatsApp. Logged as a warning.
  std::optional<crypto::Key32> noise_root = std::nullopt;
  // What this engine reaches is not WhatsApp; see Engine::is_simulation().
  bool is_simulation = false;
};

class NativeEngine final : public Engine {
 public:
  // They outlive the engine's sessions. Shards outlive the work that sessions gave to `workers`.
  struct Services {
    net::Resolver& resolver;
    WorkerPool& workers;  // keys from codes, public keys of prekeys: tens of milliseconds, rarely
    const Clock& clock;
    const ProfileSource& profile;
  };
  // kConfiguration: the URL is no ws or wss address, or the system's authorities cannot be read.
  static Result<std::unique_ptr<NativeEngine>> create(NativeEngineOptions options, Services services);
  ~NativeEngine() override;

  std::string_view name() const override { return "native"; }
  bool is_simulation() const override { return options_.is_simulation; }
  Status check_credentials(std::string_view credentials) const override;
  std::unique_ptr<Session> open(SessionOptions options, SessionObserver& observer,
                                Executor& executor) override;

 private:
  NativeEngine(NativeEngineOptions options, http::Url url, Services services);

  const NativeEngineOptions options_;
  const http::Url url_;
  const Services services_;
};

}  // namespace patchbay::whatsapp
