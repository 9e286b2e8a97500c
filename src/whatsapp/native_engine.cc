#include "whatsapp/native_engine.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "noise/certificate.h"
#include "whatsapp/credentials.h"
#include "whatsapp/native_session.h"

namespace patchbay::whatsapp {
namespace {

constexpr Milliseconds kConnectTimeout{20'000};
constexpr std::string_view kOrigin = "https://web.whatsapp.com";

// Where and how the WebSocket is opened. The one place that knows of proxies.
Result<websocket::ClientConnectionOptions> transport_options(const http::Url& url,
                                                             std::shared_ptr<const net::TlsContext> tls,
                                                             const SessionSettings& settings) {
  websocket::ClientConnectionOptions out;
  out.http = http::connection_options(url, std::move(tls));
  out.http.connect.timeout = std::min(kConnectTimeout, settings.connect_timeout);
  out.open_timeout = out.http.connect.timeout;
  out.target = url.query.empty() ? url.path : url.path + "?" + url.query;
  out.headers = {{"Origin", std::string(kOrigin)}, {"Cache-Control", "no-cache"}, {"Pragma", "no-cache"}};
  out.frames.max_message_bytes = NativeSession::kMaxMessageBytes;
  if (!settings.proxy_url.empty()) {
    PB_ASSIGN(out.http.connect.proxy, net::Proxy::parse(settings.proxy_url));
  }
  return out;
}

// Stands for a session that could not even begin: ends in its first turn.
class StillbornSession final : public Session {
 public:
  StillbornSession(SessionEnd end, SessionObserver& observer, Executor& executor)
      : timer_(executor.run_after(Milliseconds(0),
                                  [end = std::move(end), &observer] { observer.on_closed(end); })),
        executor_(executor) {}
  void close() override {}
  void log_out() override {}
  void request_pair_code(std::string_view, LinkDone done) override { refuse(std::move(done)); }
  void answer_passkey(std::string_view, LinkDone done) override { refuse(std::move(done)); }
  void send_text(std::string_view, std::string_view, SendDone done) override { refuse(std::move(done)); }

 private:
  template <typename Done>
  void refuse(Done done) {
    executor_.post([self = std::weak_ptr(life_), done = std::move(done)]() mutable {
      if (!self.expired()) done(fail(ErrorCode::kInstanceNotConnected, "The connection has ended."));
    });
  }

  Executor::Timer timer_;
  Executor& executor_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace

Result<std::unique_ptr<NativeEngine>> NativeEngine::create(NativeEngineOptions options, Services services) {
  if (!options.url.starts_with("ws://") && !options.url.starts_with("wss://"))
    return fail(ErrorCode::kConfiguration,
                "'" + options.url.substr(0, 200) +
                    "' is no address of WhatsApp or a sandbox: it begins with wss:// or ws://.");
  auto url = http::Url::parse(options.url);
  if (!url) return fail(ErrorCode::kConfiguration, "The address of WhatsApp: " + url.error().message);
  if (url->secure && !options.tls) {
    PB_ASSIGN(options.tls, net::TlsContext::client({}));
  }
  if (options.noise_root)
    log::warning(
        "a root of one's own is trusted instead of WhatsApp's: whoever holds its key is taken for WhatsApp",
        {{"url", options.url}, {"root", to_hex(crypto::view(*options.noise_root))}});
  return std::unique_ptr<NativeEngine>(new NativeEngine(std::move(options), std::move(*url), services));
}

NativeEngine::NativeEngine(NativeEngineOptions options, http::Url url, Services services)
    : options_(std::move(options)), url_(std::move(url)), services_(services) {}
NativeEngine::~NativeEngine() = default;

Status NativeEngine::check_credentials(std::string_view credentials) const {
  PB_TRY(parse_credentials(credentials));
  return {};
}

std::unique_ptr<Session> NativeEngine::open(SessionOptions options, SessionObserver& observer,
                                            Executor& executor) {
  const auto stillborn = [&](std::string text) {
    return std::make_unique<StillbornSession>(
        SessionEnd{.reason = CloseReason::kInternal, .text = std::move(text)}, observer, executor);
  };
  auto* const shard = dynamic_cast<net::Shard*>(&executor);
  if (shard == nullptr) return stillborn("The native engine needs a shard to live on.");
  auto transport = transport_options(url_, options_.tls, options.settings);
  if (!transport) return stillborn(transport.error().message + ".");
  return std::make_unique<NativeSession>(
      NativeSession::Services{services_.resolver, services_.workers, services_.clock}, *shard, observer,
      NativeSession::Config{.instance_id = std::move(options.instance_id),
                            .transport = std::move(*transport),
                            .core = {.settings = std::move(options.settings),
                                     .profile = &services_.profile,
                                     .root = options_.noise_root.value_or(noise::kWhatsAppRoot),
                                     .random = random_bytes}},
      std::move(options.credentials));
}

}  // namespace patchbay::whatsapp
