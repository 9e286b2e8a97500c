#include "realtime/realtime.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/error_code.h"
#include "base/log.h"

namespace patchbay::realtime {
namespace {

namespace json = boost::json;

constexpr size_t kMaxInstanceIdBytes = 64;

std::string instance_room(std::string_view id) {
  return "instance:" + std::string(id);
}
std::string subscription_room(std::string_view id) {
  return "subscription:" + std::string(id);
}

socketio::ConnectError refusal(std::string_view message, std::string_view code,
                               const std::vector<Credential>& tried, std::string_view hint) {
  json::array methods;
  for (const Credential& credential : tried) methods.emplace_back(to_string(credential.method));
  const json::object data{{"code", code}, {"tried", std::move(methods)}, {"hint", hint}};
  return {.message = std::string(message), .data_json = json::serialize(data)};
}

}  // namespace

struct Realtime::Member {
  manager::Caller caller;
  AuthMethod method = AuthMethod::kNone;
  uint64_t epoch = 0;  // of revocations, before the credential was checked
  std::string token;   // only until the socket is in
  Executor::Timer expiry;
  // Subscriptions whose snapshot is on its way: instance, and the numbers of the requests. Of the socket's
  // shard.
  std::map<std::string, std::vector<uint64_t>> pending;
  uint64_t requests = 0;

  // Whether the request still stands; it is under way no more.
  bool settle(const std::string& instance_id, uint64_t request) {
    const auto at = pending.find(instance_id);
    if (at == pending.end() || std::erase(at->second, request) == 0) return false;
    if (at->second.empty()) pending.erase(at);
    return true;
  }
};

// Answers a request of the client in the way it asked for: by its ack, or by events.
class Realtime::Reply {
 public:
  Reply(socketio::Socket& socket, socketio::Event& event, const Clock& clock)
      : socket_(socket.ref()), ack_(event.take_ack()), clock_(clock) {}

  void accept(std::string_view instance_id, std::string_view status, std::string_view name) {
    if (!ack_) return;
    json::object answer{{"ok", true}, {"instanceId", instance_id}};
    if (!status.empty()) answer["status"] = status;
    if (!name.empty()) answer["name"] = name;
    ack_(answer);
  }

  void refuse(std::string_view instance_id, const Error& error) {
    if (ack_) {
      return ack_(json::object{{"ok", false},
                               {"instanceId", instance_id},
                               {"code", to_string(error.code)},
                               {"error", error.message}});
    }
    socket_.run([id = std::string(instance_id), error, now = clock_.wall_now()](socketio::Socket& socket) {
      socket.emit("instance:error", json::object{{"instanceId", id},
                                                 {"error", error.message},
                                                 {"code", to_string(error.code)},
                                                 {"timestamp", to_iso8601(now)}});
      socket.emit("error", json::object{{"message", error.message}});
    });
  }

 private:
  socketio::SocketRef socket_;
  socketio::Ack ack_;
  const Clock& clock_;
};

// Drawing a code takes about a millisecond, and it is asked for once per subscriber.
class Realtime::QrCache {
 public:
  explicit QrCache(std::function<std::string(std::string_view)> draw) : draw_(std::move(draw)) {}

  std::string get(const std::string& text) {
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [known, image] : entries_)
        if (known == text) return image;
    }
    std::string image = draw_(text);
    const std::lock_guard lock(mutex_);
    if (entries_.size() < kEntries) {
      entries_.emplace_back(text, image);
    } else {
      entries_[next_++ % kEntries] = {text, image};
    }
    return image;
  }

 private:
  static constexpr size_t kEntries = 64;
  const std::function<std::string(std::string_view)> draw_;
  // Guards the two below.
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> entries_;
  size_t next_ = 0;
};

Realtime::Realtime(socketio::Server& io, manager::Authenticator& authenticator, WorkerPool& workers,
                   const Clock& clock, RealtimeOptions options)
    : nsp_(io.sockets()),
      authenticator_(authenticator),
      workers_(workers),
      clock_(clock),
      options_(std::move(options)),
      qr_cache_(std::make_unique<QrCache>(options_.draw_qr)) {}

Realtime::~Realtime() = default;

void Realtime::set_up(manager::Instances& instances) {
  instances_ = &instances;
  nsp_.use([this](const auto& connecting, socketio::Namespace::Next next) {
    authenticate(connecting, std::move(next));
  });
  nsp_.on_connection([this](socketio::Socket& socket) { on_connection(socket); });
  nsp_.on("subscribe:instance",
          [this](socketio::Socket& socket, socketio::Event& event) { on_subscribe(socket, event); });
  nsp_.on("unsubscribe:instance",
          [this](socketio::Socket& socket, socketio::Event& event) { on_unsubscribe(socket, event); });
}

// --- Who may connect --------------------------------------------------------------------------------------

void Realtime::authenticate(const std::shared_ptr<socketio::Connecting>& connecting,
                            socketio::Namespace::Next next) {
  auto member = std::make_shared<Member>();
  member->epoch = revocation_epoch_.load();
  auto credentials = std::make_shared<std::vector<Credential>>(collect_credentials(connecting->handshake));
  if (credentials->empty()) {
    if (!options_.development) {
      counters_.refused_missing.fetch_add(1, std::memory_order_relaxed);
      return next(refusal("Authentication required", to_string(ErrorCode::kAuthentication), {},
                          "Send a token in auth.token, auth.authorization, the query parameter token, or the "
                          "Authorization header."));
    }
    member->caller = manager::Caller::development();
    connecting->data = std::move(member);
    return next(std::nullopt);
  }
  // Shared, because a full queue must still answer.
  auto shared_next = std::make_shared<socketio::Namespace::Next>(std::move(next));
  const bool queued = workers_.try_post([this, connecting, member, credentials, shared_next]() mutable {
    std::optional<Error> first_error;
    for (Credential& credential : *credentials) {
      Result<manager::Caller> caller = authenticator_.authenticate(credential.token);
      if (!caller) {
        if (!first_error) first_error = std::move(caller).error();
        continue;
      }
      member->caller = std::move(*caller);
      member->caller.ip_address = connecting->handshake.request->address;
      member->method = credential.method;
      member->token = std::move(credential.token);
      // Moved: from here on it belongs to the socket's shard.
      connecting->data = std::move(member);
      return (*shared_next)(std::nullopt);
    }
    counters_.refused_invalid.fetch_add(1, std::memory_order_relaxed);
    log::info("socket refused", {{"code", to_string(first_error->code)},
                                 {"tried", credentials->size()},
                                 {"address", connecting->handshake.request->address}});
    (*shared_next)(refusal("Authentication failed", to_string(first_error->code), *credentials,
                           first_error->code == ErrorCode::kTokenExpired
                               ? "The token has expired: log in again."
                               : first_error->message));
  });
  if (!queued)
    (*shared_next)(
        refusal("Server busy", to_string(ErrorCode::kServiceUnavailable), {}, "Try again in a moment."));
}

void Realtime::on_connection(socketio::Socket& socket) {
  auto& member = *std::any_cast<std::shared_ptr<Member>&>(socket.data);
  const manager::Caller& caller = member.caller;
  counters_.accepted[static_cast<size_t>(member.method)].fetch_add(1, std::memory_order_relaxed);
  log::info("socket connected", {{"socket", socket.id()},
                                 {"method", to_string(member.method)},
                                 {"kind", to_string(caller.kind)},
                                 {"user", caller.user_id},
                                 {"address", socket.handshake().request->address}});
  // A key hears of its own instance only, and only when it asks.
  if (caller.kind == manager::Caller::Kind::kUser) socket.join(subscription_room(caller.subscription_id));
  arm_expiry(socket);
  std::string token = std::exchange(member.token, {});
  if (member.epoch != revocation_epoch_.load()) check_again(socket.ref(), std::move(token));
}

void Realtime::arm_expiry(socketio::Socket& socket) {
  auto& member = *std::any_cast<std::shared_ptr<Member>&>(socket.data);
  member.expiry.cancel();
  if (!member.caller.expires_at) return;
  const auto left = std::max(*member.caller.expires_at - clock_.wall_now(), Milliseconds(0));
  member.expiry = socket.shard().run_after(std::min(left, Milliseconds(std::chrono::hours(24 * 365))),
                                           [&socket] { socket.disconnect(true); });
}

// Something was revoked between the check and now; perhaps this very credential.
void Realtime::check_again(const socketio::SocketRef& socket, std::string token) {
  const bool queued = workers_.try_post([this, socket, token = std::move(token)] {
    if (!authenticator_.authenticate(token)) socket.run([](socketio::Socket& it) { it.disconnect(true); });
  });
  if (!queued) socket.run([](socketio::Socket& it) { it.disconnect(true); });
}

void Realtime::drop_sockets(std::function<bool(const manager::Caller&)> whom, std::string_view why) {
  revocation_epoch_.fetch_add(1);
  nsp_.for_each_socket([this, whom = std::move(whom), why = std::string(why)](socketio::Socket& socket) {
    const auto* const member = std::any_cast<std::shared_ptr<Member>>(&socket.data);
    if (member == nullptr || *member == nullptr || !whom((*member)->caller)) return;
    counters_.revoked.fetch_add(1, std::memory_order_relaxed);
    log::info("socket dropped", {{"socket", socket.id()}, {"why", why}});
    socket.disconnect(true);
  });
}

void Realtime::on_user_revoked(std::string_view user_id, bool user_disabled) {
  drop_sockets(
      [id = std::string(user_id), user_disabled](const manager::Caller& caller) {
        return caller.user_id == id && (user_disabled || caller.kind == manager::Caller::Kind::kUser);
      },
      user_disabled ? "user disabled" : "password changed");
}

void Realtime::on_api_key_revoked(std::string_view key_id) {
  drop_sockets([id = std::string(key_id)](const manager::Caller& caller) { return caller.api_key_id == id; },
               "API key revoked");
}

void Realtime::on_api_key_expiry(std::string_view key_id, std::optional<WallTime> expires_at) {
  nsp_.for_each_socket([this, id = std::string(key_id), expires_at](socketio::Socket& socket) {
    const auto* const member = std::any_cast<std::shared_ptr<Member>>(&socket.data);
    if (member == nullptr || *member == nullptr || (*member)->caller.api_key_id != id) return;
    (*member)->caller.expires_at = expires_at;
    arm_expiry(socket);
  });
}

void Realtime::on_subscription_revoked(std::string_view subscription_id) {
  drop_sockets([id = std::string(subscription_id)](
                   const manager::Caller& caller) { return caller.subscription_id == id; },
               "subscription disabled");
}

// --- Who hears what ---------------------------------------------------------------------------------------

namespace {

// The instance a client means: the id itself, or an object that has it as instanceId.
Result<std::string> instance_id_of(const socketio::Event& event) {
  const json::value argument = event.args().first();
  const json::value* id = &argument;
  if (const json::object* const object = argument.if_object()) id = object->if_contains("instanceId");
  if (id == nullptr || !id->is_string() || id->get_string().empty() ||
      id->get_string().size() > kMaxInstanceIdBytes)
    return fail(
        ErrorCode::kValidation,
        "Give the instance id as a string, or as an object with a string instanceId, of 1 to 64 characters.");
  return std::string(id->get_string());
}

}  // namespace

void Realtime::on_subscribe(socketio::Socket& socket, socketio::Event& event) {
  const auto reply = std::make_shared<Reply>(socket, event, clock_);
  const auto id = instance_id_of(event);
  if (!id) return reply->refuse("", id.error());
  auto& member = *std::any_cast<std::shared_ptr<Member>&>(socket.data);
  const auto subscription = instances_->subscription_of(*id);
  // A foreign instance and one that does not exist look the same.
  if (!subscription || !member.caller.may_see(*id, *subscription))
    return reply->refuse(
        *id, {ErrorCode::kInstanceNotFound, "There is no such instance in your subscription.", {}});
  // Those that are on their way count too: a burst is no way around the limit.
  const size_t others = socket.in_room(subscription_room(member.caller.subscription_id)) ? 1 : 0;
  if (!socket.in_room(instance_room(*id)) && !member.pending.contains(*id) &&
      socket.room_count() - others + member.pending.size() >= options_.max_subscriptions)
    return reply->refuse(*id,
                         {ErrorCode::kTooManySubscriptions,
                          "This socket is subscribed to " + std::to_string(options_.max_subscriptions) +
                              " instances, as many as are allowed. Unsubscribe from some, or rely on the "
                              "status events of your whole subscription.",
                          {}});
  // Joined before the snapshot is taken would mean events twice, after it events lost: so the socket joins
  // where the snapshot stands in the order of the instance's events.
  const uint64_t request = ++member.requests;
  member.pending[*id].push_back(request);
  instances_->snapshot(
      *id, [this, ref = socket.ref(), reply, id = *id, request](Result<manager::InstanceSnapshot> snapshot) {
        if (snapshot) return replay(ref, reply, *snapshot, request);
        ref.run([id, request](socketio::Socket& it) {
          std::any_cast<std::shared_ptr<Member>&>(it.data)->settle(id, request);
        });
        reply->refuse(id, snapshot.error());
      });
}

void Realtime::replay(const socketio::SocketRef& socket, const std::shared_ptr<Reply>& reply,
                      const manager::InstanceSnapshot& snapshot, uint64_t request) {
  std::string status = payload_of(snapshot.status);
  std::vector<std::pair<std::string_view, std::string>> linking;
  linking.reserve(snapshot.linking.size());
  for (const manager::InstanceEvent& event : snapshot.linking)
    linking.emplace_back(manager::to_string(event.type), payload_of(event));
  socket.run([reply, request, id = snapshot.status.instance_id, state = snapshot.state, name = snapshot.name,
              status = std::move(status), linking = std::move(linking)](socketio::Socket& it) {
    const bool stands = std::any_cast<std::shared_ptr<Member>&>(it.data)->settle(id, request);
    reply->accept(id, manager::to_string(state), name);
    if (!stands) return;  // it has unsubscribed meanwhile
    it.join(instance_room(id));
    log::debug("subscribed", {{"socket", it.id()}, {"instance", id}});
    it.emit("instance:status:changed", socketio::RawJson{status});
    for (const auto& [event, payload] : linking) it.emit(event, socketio::RawJson{payload});
  });
}

void Realtime::on_unsubscribe(socketio::Socket& socket, socketio::Event& event) {
  Reply reply(socket, event, clock_);
  const auto id = instance_id_of(event);
  if (!id) return reply.refuse("", id.error());
  std::any_cast<std::shared_ptr<Member>&>(socket.data)->pending.erase(*id);
  socket.leave(instance_room(*id));
  reply.accept(*id, {}, {});
}

std::string Realtime::payload_of(const manager::InstanceEvent& event) {
  if (event.type != manager::InstanceEventType::kQrGenerated) return manager::payload(event);
  return manager::payload(event, options_.draw_qr ? qr_cache_->get(event.qr_text) : event.qr_text);
}

void Realtime::publish(const manager::InstanceEvent& event) {
  counters_.events.fetch_add(1, std::memory_order_relaxed);
  const std::string payload = payload_of(event);
  socketio::Broadcast broadcast = nsp_.to(instance_room(event.instance_id));
  // What links a phone is for those who look at the instance; the rest is for the whole subscription. One
  // copy each.
  if (!manager::is_linking(event.type)) broadcast.to(subscription_room(event.subscription_id));
  broadcast.emit(manager::to_string(event.type), socketio::RawJson{payload});
}

void Realtime::instance_removed(std::string_view instance_id, std::string_view) {
  nsp_.for_each_socket([room = instance_room(instance_id)](socketio::Socket& socket) { socket.leave(room); });
  drop_keys_of(instance_id, "instance deleted");
}

void Realtime::instance_deactivated(std::string_view instance_id) {
  drop_keys_of(instance_id, "instance deactivated");
}

void Realtime::drop_keys_of(std::string_view instance_id, std::string_view why) {
  drop_sockets(
      [id = std::string(instance_id)](const manager::Caller& caller) {
        return caller.kind == manager::Caller::Kind::kApiKey && caller.instance_id == id;
      },
      why);
}

}  // namespace patchbay::realtime
