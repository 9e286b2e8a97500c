#include "sandbox/server.h"

#include <future>
#include <list>
#include <optional>

#include "sandbox/connection.h"
#include "sandbox/control.h"
#include "websocket/connection.h"
#include "websocket/handshake.h"

namespace patchbay::sandbox {

// One client's WebSocket and its connection. Lives in the list of peers; leaves it in a later turn.
class Sandbox::Peer final : public websocket::Connection::Handler, public Connection::Io {
 public:
  Peer(Peers& peers, Network& network) : peers_(peers), connection_(network, *this) {}

  void open(net::Shard& shard, http::Exchange::Upgrade upgrade, std::string_view response) {
    socket_ = websocket::Connection::accept(
        shard, std::move(upgrade.stream), response, std::move(upgrade.leftover),
        {.max_message_bytes = Connection::kMaxFrameBytes, .max_fragments = 1'024}, *this);
  }
  void close_socket() { socket_.reset(); }

  // websocket::Connection::Handler
  void on_message(bool binary, std::string_view payload) override {
    if (!binary) connection_.violation("websocket.text", "a text message; there are only binary ones");
    connection_.on_bytes(payload);
  }
  void on_closed(uint16_t code, std::string_view reason) override;

  // Connection::Io
  void send(std::string_view bytes) override {
    if (socket_) socket_->send_binary(bytes, false);
  }
  void close(bool politely) override;

 private:
  void leave();

  Peers& peers_;
  Connection connection_;
  websocket::Connection::Ptr socket_;
  bool leaving_ = false;
  std::list<std::unique_ptr<Peer>>::iterator self_;
  friend class Peers;
};

class Sandbox::Peers {
 public:
  explicit Peers(net::Shard& home) : home_(home) {}

  void take(Network& network, http::Exchange::Upgrade upgrade, std::string_view response) {
    peers_.push_back(std::make_unique<Peer>(*this, network));
    Peer& peer = *peers_.back();
    peer.self_ = std::prev(peers_.end());
    peer.open(home_, std::move(upgrade), response);
  }
  // Destroys it once nothing of it is on the stack.
  void let_go(Peer& peer) {
    gone_.splice(gone_.end(), peers_, peer.self_);
    if (sweep_pending_) return;
    sweep_pending_ = true;
    sweep_ = home_.run_after(Milliseconds(0), [this] {
      sweep_pending_ = false;
      gone_.clear();
    });
  }
  // From outside a connection, as at the end.
  void clear() {
    peers_.clear();
    gone_.clear();
  }

 private:
  net::Shard& home_;
  std::list<std::unique_ptr<Peer>> peers_;
  std::list<std::unique_ptr<Peer>> gone_;
  bool sweep_pending_ = false;
  Executor::Timer sweep_;
};

void Sandbox::Peer::on_closed(uint16_t code, std::string_view reason) {
  // What our own end found wrong comes with the code that it sent.
  const bool broke_rules = code == 1002 || code == 1003 || code == 1007 || code == 1008 || code == 1009;
  connection_.on_closed(broke_rules ? reason : std::string_view());
  leave();
}

void Sandbox::Peer::close(bool politely) {
  if (politely && socket_) {
    websocket::Connection::close(std::move(socket_), 1000, "");
  } else {
    socket_.reset();
  }
  leave();
}

void Sandbox::Peer::leave() {
  if (std::exchange(leaving_, true)) return;
  peers_.let_go(*this);
}

namespace {

http::Response unavailable() {
  return http::error_response(503, to_string(ErrorCode::kServiceUnavailable), "The sandbox is not running.");
}

}  // namespace

Sandbox::Sandbox(net::Shard& home, const Clock& clock, const NetworkOptions& options)
    : home_(home), clock_(clock), options_(options) {}

Sandbox::~Sandbox() = default;

void Sandbox::on_home(std::move_only_function<void()> task) {
  home_.on_this_thread() ? task() : home_.post(std::move(task));
}

void Sandbox::start() {
  std::promise<void> done;
  home_.post([this, &done] {
    network_ = std::make_unique<Network>(options_, clock_, home_);
    control_ = std::make_unique<Control>(*network_);
    peers_ = std::make_unique<Peers>(home_);
    root_ = network_->root();
    running_ = true;
    done.set_value();
  });
  done.get_future().wait();
}

void Sandbox::stop() {
  if (!running_.exchange(false)) return;
  std::promise<void> done;
  home_.post([this, &done] {
    control_.reset();
    peers_->clear();
    peers_.reset();
    network_.reset();
    done.set_value();
  });
  done.get_future().wait();
}

bool Sandbox::owns_path(std::string_view path) {
  return path == kSocketPath || path == kControlPath ||
         (path.starts_with(kControlPath) && path[kControlPath.size()] == '/');
}

void Sandbox::handle(const http::ExchangePtr& exchange) {
  if (exchange->request().path != kSocketPath) {
    auto answer = std::make_shared<http::Responder>(exchange->responder());
    return on_home([this, exchange, answer] {
      (*answer)(control_ == nullptr ? unavailable() : control_->handle(exchange->request()));
    });
  }
  auto response = websocket::check_upgrade(exchange->request());
  if (!response) return exchange->respond(std::move(response).error());
  // There to ask, back to take the connection out of HTTP, there again with it.
  on_home([this, exchange, response = std::move(*response)]() mutable {
    std::optional<Fault> refusal;
    if (network_ != nullptr) refusal = network_->faults().take_refusal();
    const bool full = network_ == nullptr || network_->connection_count() >= options_.max_connections;
    const auto decide = [this, exchange, response = std::move(response), refusal = std::move(refusal),
                         full]() mutable {
      if (!exchange->open()) return;
      if (full) return exchange->respond(unavailable());
      if (refusal && refusal->kind == FaultKind::kRefuseHttp) {
        http::Response refused;
        refused.status = static_cast<int>(refusal->code);
        return exchange->respond(std::move(refused));
      }
      http::Exchange::Upgrade upgrade = exchange->take_stream();
      if (refusal) return;
      on_home([this, upgrade = std::move(upgrade), response = std::move(response)]() mutable {
        if (peers_ != nullptr) peers_->take(*network_, std::move(upgrade), response);
      });
    };
    net::Shard& shard = exchange->shard();
    if (shard.on_this_thread()) {
      auto now = std::move(decide);
      return now();
    }
    shard.post([run = std::move(decide)]() mutable { run(); });
  });
}

}  // namespace patchbay::sandbox
