// The floor: what the kernel alone costs. One thread, edge-triggered epoll, just enough of WebSocket, HTTP
// long-polling, Engine.IO and Socket.IO for the load generator, and none of what makes a server: no limits,
// no JSON, no validation, no timeouts, no namespaces. A broadcast is framed once, and leaves with one send a
// member at the end of the turn. For measurements only; never expose it.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "websocket/frame.h"
#include "websocket/handshake.h"

namespace {

using patchbay::websocket::encode_frame_header;
using patchbay::websocket::kMaxFrameHeader;
using patchbay::websocket::Opcode;

constexpr char kSeparator = '\x1e';
constexpr unsigned kPingSeconds = 25;
constexpr uint32_t kNowhere = UINT32_MAX;

struct Session;

struct Connection {
  struct Rest {  // what could not be handled or sent at once
    std::string in;
    std::string out;
  };
  int fd = -1;
  bool websocket = false;
  uint32_t room = kNowhere;
  uint32_t place = 0;          // in the room
  Session* session = nullptr;  // whose GET is held here
  std::unique_ptr<Rest> rest;
};

// Of a polling client.
struct Session {
  std::string id;
  std::string queue;  // packets
  Connection* held = nullptr;
};

struct Room {
  std::vector<Connection*> sockets;
  std::vector<Session*> sessions;
  std::string frames;   // of this turn, for sockets
  std::string packets;  // the same for sessions
};

void append_message(std::string& out, std::string_view head, std::string_view tail) {
  char header[kMaxFrameHeader];
  out.append(header, encode_frame_header(header, Opcode::kText, head.size() + tail.size()));
  out.append(head).append(tail);
}

std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + from.size());
  return text.substr(0, text.find(to));
}

class Floor {
 public:
  explicit Floor(uint16_t port) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 4096) != 0) {
      std::perror("floor: cannot listen");
      std::exit(1);
    }
    epoll_event event{.events = EPOLLIN, .data = {.fd = listener_}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 1024> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        if (event.data.fd == listener_) {
          accept_all();
          continue;
        }
        Connection& connection = *connections_[static_cast<size_t>(event.data.fd)];
        if (event.events & EPOLLOUT && connection.fd >= 0 && connection.rest) send_bytes(connection, {});
        if (event.events & ~static_cast<uint32_t>(EPOLLOUT) && connection.fd >= 0) read_all(connection);
      }
      for (Room* const room : dirty_) deliver(*room);
      dirty_.clear();
      ping_some();
    }
  }

 private:
  void accept_all() {
    for (int i = 0; i < 64; ++i) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto& connection = connections_[static_cast<size_t>(fd)];
      if (!connection) connection = std::make_unique<Connection>();
      connection->fd = fd;
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void end(Connection& connection) {
    close(connection.fd);
    if (connection.room != kNowhere) {
      auto& members = rooms_[connection.room].sockets;
      members[connection.place] = members.back();
      members[connection.place]->place = connection.place;
      members.pop_back();
    }
    if (connection.session != nullptr) connection.session->held = nullptr;
    connection = Connection{};
  }

  // What waits, then `bytes`.
  void send_bytes(Connection& connection, std::string_view bytes) {
    if (connection.rest && !connection.rest->out.empty()) {
      connection.rest->out += bytes;
      const std::string all = std::move(connection.rest->out);
      connection.rest->out.clear();
      return send_bytes(connection, all);
    }
    if (bytes.empty()) return;
    const ssize_t sent = send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(bytes.size())) return;
    if (!connection.rest) connection.rest = std::make_unique<Connection::Rest>();
    connection.rest->out = bytes.substr(sent < 0 ? 0 : static_cast<size_t>(sent));
  }

  void read_all(Connection& connection) {
    for (;;) {
      const ssize_t got = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return end(connection);
      std::string joined;
      char* at = buffer_.data();
      auto size = static_cast<size_t>(got);
      if (connection.rest && !connection.rest->in.empty()) {
        joined = std::move(connection.rest->in);
        joined.append(at, size);
        at = joined.data();
        size = joined.size();
      }
      const size_t used =
          connection.websocket ? read_frames(connection, at, size) : read_requests(connection, at, size);
      if (connection.fd < 0) return;
      if (used < size) {
        if (!connection.rest) connection.rest = std::make_unique<Connection::Rest>();
        connection.rest->in.assign(at + used, size - used);
      } else if (connection.rest && connection.rest->out.empty()) {
        connection.rest.reset();
      }
      if (static_cast<size_t>(got) < buffer_.size()) return;
    }
  }

  // --- WebSocket ---
  size_t read_frames(Connection& connection, char* data, size_t size) {
    size_t used = 0;
    reply_.clear();
    while (size - used >= 6) {
      const auto* const head = reinterpret_cast<const uint8_t*>(data + used);
      size_t length = head[1] & 0x7f, header = 6;
      if (length == 126) {
        length = static_cast<size_t>(head[2]) << 8 | head[3];
        header = 8;
      }
      if (size - used < header + length) break;
      char* const payload = data + used + header;
      patchbay::websocket::MaskKey key;
      std::copy_n(payload - 4, 4, reinterpret_cast<char*>(key.data()));
      if (key != patchbay::websocket::MaskKey{}) patchbay::websocket::apply_mask(payload, length, key);
      used += header + length;
      if ((head[0] & 0x0f) == 8) {
        end(connection);
        return used;
      }
      packet(&connection, nullptr, {payload, length});
    }
    if (!reply_.empty()) send_bytes(connection, reply_);
    return used;
  }

  // --- HTTP ---
  size_t read_requests(Connection& connection, char* data, size_t size) {
    size_t used = 0;
    while (used < size) {
      const std::string_view rest(data + used, size - used);
      const size_t head_size = rest.find("\r\n\r\n");
      if (head_size == std::string_view::npos) break;
      const std::string_view head = rest.substr(0, head_size + 2);
      size_t length = 0;
      const std::string_view stated = between(head, "Content-Length: ", "\r");
      std::from_chars(stated.data(), stated.data() + stated.size(), length);
      if (rest.size() < head_size + 4 + length) break;
      used += head_size + 4 + length;
      if (const auto key = between(head, "Sec-WebSocket-Key: ", "\r"); !key.empty()) {
        connection.websocket = true;
        std::string answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
            patchbay::websocket::accept_key(key) + "\r\n\r\n";
        append_message(answer, open_packet(std::to_string(++last_id_), false), {});
        send_bytes(connection, answer);
        break;
      }
      request(connection, head, rest.substr(head_size + 4, length));
    }
    return used;
  }

  static std::string open_packet(const std::string& id, bool upgrades) {
    return "0{\"sid\":\"" + id + "\",\"upgrades\":" + (upgrades ? "[\"websocket\"]" : "[]") +
           ",\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}";
  }

  void answer(Connection& connection, std::string_view body) {
    char head[96];
    const int size = std::snprintf(head, sizeof head,
                                   "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                                   "Content-Length: %zu\r\n\r\n",
                                   body.size());
    http_.assign(head, static_cast<size_t>(size)).append(body);
    send_bytes(connection, http_);
  }

  void request(Connection& connection, std::string_view head, std::string_view body) {
    const std::string id(between(head.substr(0, head.find(" HTTP/")), "&sid=", "&"));
    if (id.empty()) {
      const std::string fresh = std::to_string(++last_id_);
      sessions_.emplace(fresh, std::make_unique<Session>(Session{.id = fresh, .queue = {}}));
      return answer(connection, open_packet(fresh, true));
    }
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return end(connection);
    Session& session = *found->second;
    if (head.starts_with("POST")) {
      while (!body.empty()) {
        const size_t size = std::min(body.find(kSeparator), body.size());
        packet(nullptr, &session, body.substr(0, size));
        body.remove_prefix(std::min(size + 1, body.size()));
      }
      answer(connection, "ok");
      return answer_poll(session);
    }
    session.held = &connection;
    connection.session = &session;
    answer_poll(session);
  }

  void answer_poll(Session& session) {
    if (session.held == nullptr || session.queue.empty()) return;
    Connection& connection = *std::exchange(session.held, nullptr);
    connection.session = nullptr;
    answer(connection, session.queue);
    session.queue.clear();
  }

  // --- Socket.IO ---
  void reply(Session* session, std::string_view head, std::string_view tail) {
    if (session == nullptr) return append_message(reply_, head, tail);
    if (!session->queue.empty()) session->queue += kSeparator;
    session->queue.append(head).append(tail);
  }

  void packet(Connection* connection, Session* session, std::string_view text) {
    if (text == "40") return reply(session, "40{\"sid\":\"", std::to_string(++last_id_) + "\"}");
    if (!text.starts_with("42")) return;  // a pong
    const size_t array = text.find('[');
    const std::string head = "43" + std::string(text.substr(2, array - 2));
    const std::string_view name = between(text.substr(array), "\"", "\"");
    const std::string_view rest = text.substr(array + name.size() + 4);  // behind ["name",
    if (name == "echo") return reply(session, head + "[", rest);
    const std::string_view room_name = between(rest, "\"room", "\"");
    size_t number = 0;
    std::from_chars(room_name.data(), room_name.data() + room_name.size(), number);
    if (rooms_.size() <= number) rooms_.resize(number + 1);
    Room& room = rooms_[number];
    if (name == "publish") {
      if (room.frames.empty()) dirty_.push_back(&room);
      const std::string_view object = rest.substr(room_name.size() + 7);  // behind "roomN",
      append_message(room.frames, "42[\"instance:status:changed\",", object);
      if (!room.packets.empty()) room.packets += kSeparator;
      if (!room.sessions.empty()) room.packets.append("42[\"instance:status:changed\",").append(object);
    } else if (session != nullptr) {
      room.sessions.push_back(session);
    } else {
      connection->room = static_cast<uint32_t>(number);
      connection->place = static_cast<uint32_t>(room.sockets.size());
      room.sockets.push_back(connection);
    }
    reply(session, head, "[true]");
  }

  void deliver(Room& room) {
    for (Connection* const member : room.sockets) send_bytes(*member, room.frames);
    for (Session* const member : room.sessions) {
      if (!member->queue.empty()) member->queue += kSeparator;
      member->queue += room.packets;
      answer_poll(*member);
    }
    room.frames.clear();
    room.packets.clear();
  }

  // Once a second, those whose turn it is.
  void ping_some() {
    const time_t now = time(nullptr);
    if (now == pinged_) return;
    pinged_ = now;
    for (size_t i = static_cast<size_t>(now) % kPingSeconds; i < connections_.size(); i += kPingSeconds)
      if (connections_[i] && connections_[i]->fd >= 0 && connections_[i]->websocket)
        send_bytes(*connections_[i],
                   "\x81\x01"
                   "2");
  }

  static constexpr size_t kDescriptors = 20'000;

  const int epoll_;
  int listener_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_{kDescriptors};  // by descriptor
  std::unordered_map<std::string, std::unique_ptr<Session>> sessions_;
  std::vector<Room> rooms_ = std::vector<Room>(20'000);
  std::vector<Room*> dirty_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::string reply_;  // to the frames being read
  std::string http_;
  uint64_t last_id_ = 0;
  time_t pinged_ = time(nullptr);
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: floor PORT\n");
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(limit.rlim_max, 20'000);
  setrlimit(RLIMIT_NOFILE, &limit);
  Floor floor(static_cast<uint16_t>(std::atoi(argv[1])));
  std::puts("listening");
  std::fflush(stdout);
  floor.run();
}
