// What stands behind Client: the Engine.IO connection, the decoder, the sockets, reconnection. Outlives its
// Client by the rest of a turn, so that handlers may destroy the client. Shard-local. Internal to the module.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "socketio/client.h"
#include "socketio/decoder.h"

namespace patchbay::socketio {

class ClientCore final : public net::Disposable,
                         private engineio::Client::Application,
                         private Decoder::Events {
 public:
  ClientCore(net::Shard& shard, ClientOptions options);
  ~ClientCore() override;

  net::Shard& shard() { return shard_; }
  const ClientOptions& options() const { return options_; }
  bool dead() const { return dead_; }

  ClientSocket& of(std::string_view nsp);
  // The Client is gone: silence for ever.
  void shut();
  void close();
  void reconnect_now();
  bool is_open() const { return state_ == State::kOpen; }
  engineio::Client* engine() { return engine_.get(); }
  size_t buffered_bytes() const { return engine_ ? engine_->buffered_bytes() : 0; }

  // --- From the sockets ---
  // It wants to join: connects first if need be.
  void activate(ClientSocket& socket);
  // One less wants to; with the last the connection closes.
  void deactivated();
  // The server refused it. True: another credential is tried, nobody need be told.
  bool try_other_credentials(ClientSocket& socket, const ConnectRefusal& refusal);
  void accepted(const ClientSocket& socket);
  // CONNECT was not answered: the connection is given up unless others use it. True if it was.
  bool give_up_silent_server();
  // Errors as ClientSocket::emit() documents them.
  Status send(std::string_view packet, std::span<const Attachment> attachments);
  void send_control(std::string_view packet);
  // Accounts for what sockets keep; false when the limits are reached.
  bool may_keep(size_t bytes);
  void let_go(size_t bytes);

  std::function<void(uint32_t)> on_reconnect_attempt_;
  std::function<void()> on_reconnect_;
  std::function<void()> on_reconnect_failed_;

 private:
  enum class State : uint8_t {
    kClosed,   // nobody wants a connection, or attempts are used up
    kAsking,   // the policy was asked for credentials
    kOpening,  // Engine.IO connects
    kOpen,
    kWaiting,  // for the next attempt
  };

  // --- engineio::Client::Application ---
  void on_open() override;
  void on_text(std::string_view text) override;
  void on_binary(std::string_view bytes) override;
  void on_close(engineio::CloseReason reason, const Error& error) override;

  // --- Decoder::Events ---
  bool on_packet(const PacketView& packet, std::span<const Attachment> attachments) override;

  void start_attempt();
  void ask_credentials();
  void on_credentials(uint64_t attempt, Result<Credentials> credentials);
  void open_engine();
  void attempt_failed(const Error& error);
  void connection_lost(ClientDisconnect reason, std::string_view detail);
  void schedule_attempt();
  void protocol_error(std::string_view what);
  void drop_engine();
  bool any_active() const;
  template <typename Action>
  void for_each_socket(Action&& action);

  net::Shard& shard_;
  const ClientOptions options_;
  std::shared_ptr<ClientCore*> self_;  // what replies of the policy hold weakly
  Decoder decoder_;
  Backoff backoff_;
  engineio::Client::Ptr engine_;
  std::map<std::string, std::unique_ptr<ClientSocket>, std::less<>> sockets_;
  Credentials credentials_;
  uint64_t generation_ = 0;  // of credentials_
  uint64_t attempt_ = 0;     // counts askings; older replies are dropped
  Executor::Timer attempt_timer_;
  Executor::Timer attachment_deadline_;
  size_t kept_packets_ = 0;
  size_t kept_bytes_ = 0;
  State state_ = State::kClosed;
  bool reconnecting_ = false;  // a connection was lost, or the first attempt failed
  bool dead_ = false;
};

}  // namespace patchbay::socketio
