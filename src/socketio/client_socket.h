// The client's end of one namespace: events and acknowledgements, both ways, on a connection that comes and
// goes. Shard-local: made by Client::of(), valid as long as its client.
// https://github.com/socketio/socket.io-protocol
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "net/shard.h"
#include "socketio/args.h"
#include "socketio/auth_policies.h"
#include "socketio/packet.h"

namespace patchbay::socketio {

class ClientCore;
class ClientSocket;

// Why a socket is not connected any more; the texts are those of Node's socket.io-client.
enum class ClientDisconnect : uint8_t {
  kServerDisconnect,  // the server said so: only a new connect() comes back
  kClientDisconnect,  // disconnect() was called
  kPingTimeout,
  kTransportClose,
  kTransportError,
  kParseError,
};
std::string_view to_string(ClientDisconnect reason);

// The answer the server waits for. Movable; call it once, from any thread, or never. Answers to a connection
// that is gone are dropped.
class ClientAck {
 public:
  ClientAck() = default;
  explicit operator bool() const { return shard_ != nullptr; }
  template <typename... Values>
  void operator()(Values&&... values) {
    send(make_args(std::forward<Values>(values)...));
  }
  void send(Args args);

 private:
  friend class ClientEvent;
  net::Shard* shard_ = nullptr;
  std::weak_ptr<ClientSocket*> socket_;
  uint64_t connection_ = 0;
  uint64_t id_ = 0;
};

// One event from the server, valid during its handlers.
class ClientEvent {
 public:
  std::string_view name() const { return name_; }
  const ArgsView& args() const { return args_; }
  bool wants_ack() const { return ack_id_.has_value(); }
  // Answers now. Nothing happens when no answer was asked for or one was given.
  template <typename... Values>
  void ack(Values&&... values) {
    if (ack_id_) take_ack()(std::forward<Values>(values)...);
  }
  // For an answer that comes later, or from another thread. Empty when none is asked for.
  ClientAck take_ack();

 private:
  friend class ClientSocket;
  ClientEvent(ClientSocket& socket, std::string_view name, ArgsView args, std::optional<uint64_t> ack_id)
      : socket_(socket), name_(name), args_(args), ack_id_(ack_id) {}
  ClientSocket& socket_;
  std::string_view name_;
  ArgsView args_;
  std::optional<uint64_t> ack_id_;
};

class ClientSocket {
 public:
  using Handler = std::function<void(ClientEvent&)>;
  // The arguments of the answer, or why there is none: kRequestTimeout, or kServiceUnavailable when the
  // connection was lost meanwhile.
  using AckHandler = std::move_only_function<void(Result<ArgsView>)>;
  // Gives the payload of CONNECT (a JSON object as text), now or later, from any thread.
  using AuthReply = std::move_only_function<void(Result<std::string>)>;
  using AuthSource = std::function<void(AuthReply)>;

  ClientSocket(ClientCore& core, std::string nsp);
  ~ClientSocket();
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  const std::string& nsp() const { return nsp_; }
  bool connected() const { return connected_; }
  // Wants to be connected, and is or tries to be.
  bool active() const { return active_; }
  // Given by the server at every connection; empty while not connected.
  const std::string& id() const { return id_; }
  // After a reconnection: the server has kept our rooms, and what we missed follows.
  bool recovered() const { return recovered_; }

  // Joins the namespace, opening the connection if need be. of() has done so already unless auto_connect is
  // off.
  void connect();
  // Leaves it; with the last namespace the connection closes. What waits to be sent keeps waiting.
  void disconnect();

  // For this namespace instead of ClientOptions::auth; asked at every connection.
  void set_auth(AuthSource source) { auth_source_ = std::move(source); }
  void set_auth(const boost::json::object& payload);

  // Several handlers of one event run in the order they were added. They may call anything here, also destroy
  // the client.
  void on(std::string_view event, Handler handler);
  void on_any(Handler handler);
  void off(std::string_view event);
  void on_connect(std::function<void()> handler) { on_connect_ = std::move(handler); }
  // `detail` says more, for people; may be empty.
  void on_disconnect(std::function<void(ClientDisconnect, std::string_view detail)> handler) {
    on_disconnect_ = std::move(handler);
  }
  void on_connect_error(std::function<void(const ConnectRefusal&)> handler) {
    on_connect_error_ = std::move(handler);
  }

  // Sends, or keeps until the namespace is joined (again). Errors, with nothing sent or kept: kValidation for
  // a name that is reserved; kPayloadTooLarge for more than the server takes at once; kServiceUnavailable
  // when too much waits already (ClientOptions::max_buffered_* and max_queued_bytes).
  template <typename... Values>
  Status emit(std::string_view event, Values&&... values) {
    return emit_args(event, make_args(std::forward<Values>(values)...));
  }
  Status emit_args(std::string_view event, const Args& args);
  // Sends if that is possible at once: connected, and next to nothing waits. False: dropped.
  template <typename... Values>
  bool emit_volatile(std::string_view event, Values&&... values) {
    return emit_volatile_args(event, make_args(std::forward<Values>(values)...));
  }
  bool emit_volatile_args(std::string_view event, const Args& args);
  // As emit_args(), and calls `handler` exactly once, in a later turn: with the answer, after `timeout`, when
  // the connection is lost after sending, or with the error that emit_args() would have given.
  void emit_with_ack(std::string_view event, const Args& args, Milliseconds timeout, AckHandler handler);

 private:
  friend class ClientAck;
  friend class ClientCore;
  friend class ClientEvent;
  struct PendingAck {
    AckHandler handler;
    Executor::Timer timer;
  };
  struct Buffered {
    std::string event;
    Args args;
    std::optional<uint64_t> ack_id;
    size_t bytes = 0;
  };

  // --- From the core ---
  void send_connect(const Credentials& credentials, uint64_t generation);
  void handle_connect(std::string_view json);
  void handle_refusal(const ConnectRefusal& refusal);
  void handle_early();
  void handle_event(const PacketView& packet, std::span<const Attachment> attachments);
  void handle_ack(const PacketView& packet, std::span<const Attachment> attachments);
  void closed(ClientDisconnect reason, std::string_view detail);
  void silence();

  void write_connect(std::string_view auth_json);
  void note_offset(std::string_view args);
  void dispatch(ClientEvent& event);
  void send_ack(uint64_t connection, uint64_t id, const Args& args);
  Status send_or_keep(std::string_view event, const Args& args, std::optional<uint64_t> ack_id);
  void flush_kept();
  void resolve_ack(uint64_t id, Result<ArgsView> result);
  void ack_timed_out(uint64_t id, Milliseconds timeout);
  void fail_acks();

  ClientCore& core_;
  const std::string nsp_;
  std::shared_ptr<ClientSocket*> self_;  // what acks and replies hold weakly
  AuthSource auth_source_;
  std::map<std::string, std::vector<std::shared_ptr<Handler>>, std::less<>> handlers_;
  std::vector<std::shared_ptr<Handler>> any_handlers_;
  std::function<void()> on_connect_;
  std::function<void(ClientDisconnect, std::string_view)> on_disconnect_;
  std::function<void(const ConnectRefusal&)> on_connect_error_;

  bool active_ = false;
  bool connected_ = false;
  bool connecting_ = false;  // CONNECT was sent, or its payload is being asked for
  bool recovered_ = false;
  std::string id_;
  std::string recovery_id_;  // "pid": secret of this client and the server
  std::string offset_;       // of the last event, when the server keeps our state
  uint64_t connection_ = 0;  // counts joins; acks of earlier ones are dropped
  uint64_t generation_ = 0;  // of the credentials that CONNECT carried; 0: our own
  uint64_t connect_number_ = 0;
  Executor::Timer connect_deadline_;

  // An event that came before the server's answer to CONNECT, as those do that Node repeats after a recovery.
  struct Early {
    std::string data;
    std::optional<uint64_t> ack_id;
    std::vector<Attachment> attachments;
  };
  std::vector<Early> early_;
  size_t early_bytes_ = 0;
  std::deque<Buffered> kept_;
  std::unordered_map<uint64_t, PendingAck> acks_;
  uint64_t last_ack_id_ = 0;
};

}  // namespace patchbay::socketio
