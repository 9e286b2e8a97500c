#include "whatsapp/native_session.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace patchbay::whatsapp {

NativeSession::NativeSession(Services services, net::Shard& shard, SessionObserver& observer, Config config,
                             std::string credentials)
    : services_(services),
      shard_(shard),
      observer_(observer),
      instance_id_(std::move(config.instance_id)),
      transport_(std::move(config.transport)),
      core_(std::move(config.core)) {
  later([this, credentials = std::move(credentials)] { core_.start(credentials, now()); });
}

NativeSession::~NativeSession() {
  life_.reset();
}

// --- The owner ---

void NativeSession::later(Task task) {
  shard_.post([this, self = std::weak_ptr(life_), task = std::move(task)]() mutable {
    if (self.expired()) return;
    task();
    deliver();
  });
}

void NativeSession::close() {
  later([this] { core_.close(now()); });
}

void NativeSession::log_out() {
  later([this] { core_.log_out(now()); });
}

void NativeSession::request_pair_code(std::string_view phone, LinkDone done) {
  later([this, phone = std::string(phone), done = std::move(done)]() mutable {
    core_.request_pair_code(phone, std::move(done), now());
  });
}

void NativeSession::answer_passkey(std::string_view assertion_json, LinkDone done) {
  later([this, json = std::string(assertion_json), done = std::move(done)]() mutable {
    core_.answer_passkey(json, std::move(done), now());
  });
}

void NativeSession::send_text(std::string_view, std::string_view, SendDone done) {
  shard_.post([self = std::weak_ptr(life_), done = std::move(done)]() mutable {
    if (!self.expired())
      done(fail(ErrorCode::kServiceUnavailable,
                "This version of the server cannot send messages over the native connection yet."));
  });
}

// --- The transport ---

void NativeSession::on_open() {
  core_.transport_opened(now());
  deliver();
}

void NativeSession::on_refused(const Error& error) {
  // The socket that tells it goes.
  const Error why = error;  // NOLINT(performance-unnecessary-copy-initialization)
  socket_.reset();
  core_.transport_refused(why, now());
  deliver();
}

void NativeSession::on_message(bool binary, std::string_view payload) {
  if (binary) core_.received(payload, now());
  deliver();
}

void NativeSession::on_closed(uint16_t code, std::string_view reason) {
  std::string detail = "the WebSocket was closed (" + std::to_string(code);
  if (!reason.empty()) detail.append(", ").append(reason);
  socket_.reset();
  core_.transport_closed(detail + ")", now());
  deliver();
}

// --- What the core tells ---

void NativeSession::deliver() {
  const std::weak_ptr<int> self = life_;
  for (;;) {
    std::vector<SessionEvent> events = core_.take_events();
    if (events.empty()) break;
    for (SessionEvent& event : events) {
      std::visit([this](auto& what) { handle(what); }, event);
      if (self.expired()) return;
    }
  }
  const auto due = core_.deadline();
  if (!due) {
    timer_at_.reset();
    return timer_.cancel();
  }
  // A deadline that moved away is found out when the timer fires.
  if (timer_at_ && *timer_at_ <= *due) return;
  timer_at_ = due;
  timer_ = shard_.run_after(std::max(Milliseconds(0), *due - shard_.now()), [this] { on_timer(); });
}

void NativeSession::on_timer() {
  timer_at_.reset();
  // Parts of messages and pings do not come up to the core by themselves.
  if (socket_) core_.heard(SteadyTime(Milliseconds(static_cast<int64_t>(socket_->last_data_ms()))));
  core_.time_passed(now());
  deliver();
}

void NativeSession::handle(session_event::OpenTransport&) {
  socket_ = websocket::ClientConnection::open(shard_, services_.resolver, transport_, *this);
}

void NativeSession::handle(session_event::Send& event) {
  if (!socket_) return;
  socket_->send_binary(event.bytes);
  if (socket_->queued_bytes() <= kMaxQueuedBytes) return;
  socket_.reset();
  later([this] { core_.transport_closed("WhatsApp does not take what is sent", now()); });
}

void NativeSession::handle(session_event::CloseTransport&) {
  if (socket_) websocket::ClientConnection::close(std::move(socket_), websocket::kCloseNormal, {});
}

void NativeSession::handle(session_event::Store& event) {
  auto stored = [this, shard = &shard_, self = std::weak_ptr(life_), ticket = event.ticket](bool ok) {
    shard->post([this, self, ticket, ok] {
      if (self.expired()) return;
      core_.stored(ticket, ok, now());
      deliver();
    });
  };
  observer_.on_credentials(std::move(event.credentials), std::move(stored));
}

void NativeSession::handle(session_event::Keep& event) {
  auto kept = [this, self = std::weak_ptr(life_), ticket = event.ticket](bool ok) {
    if (self.expired()) return;
    core_.kept(ticket, ok, now());
    deliver();
  };
  observer_.on_stanza(std::move(event.stanza), std::move(kept));
}

void NativeSession::handle(session_event::Compute& event) {
  auto finish = [this, self = std::weak_ptr(life_), ticket = event.ticket](Bytes result) {
    if (self.expired()) return;
    core_.computed(ticket, std::move(result), now());
    deliver();
  };
  auto work = std::make_shared<std::move_only_function<Bytes()>>(std::move(event.work));
  auto there = [work, shard = &shard_, finish]() mutable {
    shard->post([result = (*work)(), finish]() mutable { finish(std::move(result)); });
  };
  // When all workers are busy for long it is better done here, and late for others, than not at all.
  if (!services_.workers.try_post(there)) shard_.post(there);
}

void NativeSession::handle(session_event::CaughtUp& event) {
  if (event.unread > 0)
    log::info("WhatsApp delivered what came while the instance was away",
              {{"instance", instance_id_}, {"messages", event.unread}});
}

void NativeSession::handle(session_event::Unreadable& event) {
  log::warning("a stanza of WhatsApp's cannot be read and is left out",
               {{"instance", instance_id_}, {"why", event.why}});
}

}  // namespace patchbay::whatsapp
