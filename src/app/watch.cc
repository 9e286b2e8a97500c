#include "app/watch.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/watch_board.h"
#include "http/client_connection.h"
#include "net/shard.h"
#include "socketio/client.h"

namespace patchbay::app {
namespace {

namespace json = boost::json;

constexpr Milliseconds kRestTimeout{15'000};
constexpr Milliseconds kAckTimeout{15'000};
// Instances that are gone are told by nobody: the list is read again this often.
constexpr Milliseconds kRefresh{60'000};
// After the server has ended the session (an expired token, for example), one more try.
constexpr Milliseconds kComeBack{1'000};
// Pictures drawn at most this often.
constexpr Milliseconds kRedraw{50};
constexpr int kPages = static_cast<int>(WatchBoard::kMaxInstances / 100);

// SIGINT, SIGTERM and SIGWINCH, which must be blocked, as messages of the loop.
class Signals final : public net::Pollable {
 public:
  Signals(net::Shard& shard, const sigset_t& set, std::function<void(int)> handler)
      : shard_(shard), fd_(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)), handler_(std::move(handler)) {
    shard_.watch(fd_, *this, EPOLLIN);
  }
  ~Signals() override {
    shard_.unwatch(fd_, *this);
    close(fd_);
  }

 private:
  void on_events(uint32_t) override {
    signalfd_siginfo info;
    while (read(fd_, &info, sizeof info) == sizeof info) handler_(static_cast<int>(info.ssi_signo));
  }
  net::Shard& shard_;
  const int fd_;
  const std::function<void(int)> handler_;
};

// Everything lives on the one shard, which is the main thread.
class Watch {
 public:
  Watch(net::Shard& shard, const WatchOptions& options, http::Url url, std::string credential,
        std::shared_ptr<const net::TlsContext> tls)
      : shard_(shard),
        options_(options),
        url_(std::move(url)),
        credential_(std::move(credential)),
        tls_(std::move(tls)),
        board_(options.instances),
        tty_(!options.json && isatty(STDOUT_FILENO) == 1),
        colours_(tty_ && std::getenv("NO_COLOR") == nullptr) {}

  void start(const sigset_t& signals);
  int exit_code() const { return exit_code_; }

 private:
  // --- The first picture, and later ones: REST ---
  void fetch_list(int page);
  void on_list(int page, Result<http::ClientResponse> answer);
  void list_failed(const std::string& message, int exit_code);

  // --- What happens: Socket.IO ---
  void connect();
  void on_connect();
  void on_refusal(const socketio::ConnectRefusal& refusal);
  void on_disconnect(socketio::ClientDisconnect reason);
  void on_event(const socketio::ClientEvent& event);
  void subscribe(const std::string& id);

  // --- What is seen ---
  void print(const std::string& line);
  void print_json(const json::object& object);
  void status(std::string text);
  void redraw();
  void draw();
  void end(int code, const std::string& complaint = {});

  net::Shard& shard_;
  const WatchOptions& options_;
  const http::Url url_;
  const std::string credential_;
  const std::shared_ptr<const net::TlsContext> tls_;
  const std::shared_ptr<net::Resolver> resolver_ = std::make_shared<net::Resolver>();
  WatchBoard board_;
  const bool tty_;
  const bool colours_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<http::ClientConnection> rest_;
  std::unique_ptr<socketio::Client> client_;
  Executor::Timer refresh_;
  Executor::Timer redraw_;
  Executor::Timer come_back_;
  std::vector<std::string> listed_;
  std::set<std::string> subscribed_;
  std::string status_ = "connecting";
  int exit_code_ = kWatchEnded;
  bool fetching_ = false;
  bool listed_once_ = false;
  bool connected_once_ = false;
  bool redraw_due_ = false;
  bool drawn_ = false;
  bool ended_ = false;
};

void Watch::start(const sigset_t& signals) {
  signals_ = std::make_unique<Signals>(
      shard_, signals, [this](int signal) { signal == SIGWINCH ? redraw() : end(kWatchEnded); });
  auto where = http::connection_options(url_, tls_);
  where.connect.timeout = kRestTimeout;
  rest_ = std::make_unique<http::ClientConnection>(shard_, *resolver_, std::move(where));
  // An API key does not open the REST interface: its instance tells about itself when it is subscribed to.
  if (is_api_key(credential_)) return connect();
  fetch_list(1);
}

// --- REST -------------------------------------------------------------------------------------------------

void Watch::fetch_list(int page) {
  if (is_api_key(credential_) || rest_->busy()) return;
  if (page == 1) listed_.clear();
  fetching_ = true;
  rest_->send({.target = "/api/instances?per_page=100&sort=asc&page=" + std::to_string(page),
               .headers = {{"Authorization", "Bearer " + credential_}, {"Accept", "application/json"}}},
              kRestTimeout,
              [this, page](Result<http::ClientResponse> answer) { on_list(page, std::move(answer)); });
}

void Watch::list_failed(const std::string& message, int exit_code) {
  fetching_ = false;
  // Later on the realtime connection is what counts; refused credentials count always.
  if (!listed_once_ || exit_code == kWatchRefused) return end(exit_code, message);
  refresh_ = shard_.run_after(kRefresh, [this] { fetch_list(1); });
}

void Watch::on_list(int page, Result<http::ClientResponse> answer) {
  if (!answer) return list_failed(answer.error().message, kWatchFailed);
  if (answer->status == 401 || answer->status == 403)
    return list_failed(http::describe(*answer) + ". Log in again, or check the token", kWatchRefused);
  if (answer->status != 200)
    return list_failed(http::describe(*answer) + "; is " + url_.origin() + " a Patchbay server?",
                       kWatchFailed);
  json::error_code error;
  const json::value body = json::parse(answer->body, error);
  const auto* const data = error || !body.is_object() ? nullptr : body.get_object().if_contains("data");
  const auto* const object = data == nullptr ? nullptr : data->if_object();
  const auto* const instances = object == nullptr ? nullptr : object->if_contains("instances");
  if (instances == nullptr || !instances->is_array())
    return list_failed(
        "the server's list of instances cannot be read; is " + url_.origin() + " a Patchbay server?",
        kWatchFailed);
  for (const json::value& instance : instances->get_array()) {
    board_.apply_instance(instance);
    const auto* const fields = instance.if_object();
    const auto* const id = fields == nullptr ? nullptr : fields->if_contains("id");
    if (id == nullptr || !id->is_string()) continue;
    listed_.emplace_back(id->get_string());
    if (options_.json && !listed_once_ && board_.wants(listed_.back()))
      print_json({{"event", "instance"}, {"data", instance}});
  }
  const auto* const pages = object->if_contains("pagination");
  const auto* const more =
      pages != nullptr && pages->is_object() ? pages->get_object().if_contains("has_next") : nullptr;
  if (more != nullptr && more->is_bool() && more->get_bool() && page < kPages) return fetch_list(page + 1);

  fetching_ = false;
  board_.keep_only(listed_);
  if (!listed_once_) {
    listed_once_ = true;
    for (const std::string& id : options_.instances)
      if (!board_.knows(id))
        return end(kWatchFailed, "there is no instance '" + for_terminal(id) + "' in this subscription");
    if (!tty_ && !options_.json)
      for (const std::string& line : board_.picture("Patchbay at " + url_.origin(), 200, 1'100, false))
        print(line);
    connect();
  }
  for (const std::string& id : board_.ids()) subscribe(id);
  redraw();
  refresh_ = shard_.run_after(kRefresh, [this] { fetch_list(1); });
}

// --- Socket.IO --------------------------------------------------------------------------------------------

void Watch::connect() {
  socketio::ClientOptions options;
  options.engine.url = url_;
  options.engine.url.query.clear();
  options.engine.tls = tls_;
  options.engine.resolver = resolver_;
  options.auth = socketio::token_auth(socketio::fixed_token(credential_));
  client_ = std::make_unique<socketio::Client>(shard_, std::move(options));
  socketio::ClientSocket& socket = client_->of("/");
  socket.on_connect([this] { on_connect(); });
  socket.on_connect_error([this](const socketio::ConnectRefusal& refusal) { on_refusal(refusal); });
  socket.on_disconnect(
      [this](socketio::ClientDisconnect reason, std::string_view) { on_disconnect(reason); });
  socket.on_any([this](socketio::ClientEvent& event) { on_event(event); });
}

void Watch::on_connect() {
  status("connected");
  subscribed_.clear();
  for (const std::string& id : board_.ids()) subscribe(id);
  if (is_api_key(credential_))
    for (const std::string& id : options_.instances) subscribe(id);
  // What changed meanwhile; the first list was read just now.
  if (std::exchange(connected_once_, true) && !fetching_) fetch_list(1);
}

void Watch::on_refusal(const socketio::ConnectRefusal& refusal) {
  if (refusal.by_server)
    return end(kWatchRefused, "the server refuses the realtime connection: " + for_terminal(refusal.message) +
                                  ". Log in again, or check the token");
  if (!connected_once_) return end(kWatchFailed, refusal.message);
  status("reconnecting: " + refusal.message);
}

void Watch::on_disconnect(socketio::ClientDisconnect reason) {
  status("reconnecting after " + std::string(to_string(reason)));
  if (reason != socketio::ClientDisconnect::kServerDisconnect) return;
  come_back_ = shard_.run_after(kComeBack, [this] { client_->of("/").connect(); });
}

void Watch::subscribe(const std::string& id) {
  if (!client_ || !client_->of("/").connected() || !subscribed_.insert(id).second) return;
  client_->of("/").emit_with_ack(
      "subscribe:instance", socketio::make_args(id), kAckTimeout,
      [this, id](Result<socketio::ArgsView> answer) {
        if (!answer) {
          subscribed_.erase(id);
          return;
        }
        const json::value first = answer->first();
        const auto* const object = first.if_object();
        const auto* const ok = object == nullptr ? nullptr : object->if_contains("ok");
        if (ok != nullptr && *ok == true) {
          const auto* const name = object->if_contains("name");
          if (name != nullptr && name->is_string()) board_.set_name(id, name->get_string());
          return redraw();
        }
        const auto* const text = object == nullptr ? nullptr : object->if_contains("error");
        const std::string why =
            text != nullptr && text->is_string() ? std::string(text->get_string()) : "no reason given";
        // For a key it is all there is to watch; for a user the instance may just have been deleted.
        if (is_api_key(credential_))
          end(kWatchRefused, "cannot watch '" + for_terminal(id) + "': " + for_terminal(why));
      });
}

void Watch::on_event(const socketio::ClientEvent& event) {
  if (!event.name().starts_with("instance:")) return;
  const json::value payload = event.args().first();
  const auto* const object = payload.if_object();
  const auto* const id = object == nullptr ? nullptr : object->if_contains("instanceId");
  if (id == nullptr || !id->is_string() || !board_.wants(id->get_string())) return;
  const bool is_new = !board_.knows(id->get_string());
  const bool told = board_.apply_event(event.name(), payload);
  // One that came into being meanwhile: its name and its codes.
  if (is_new && board_.knows(id->get_string())) {
    subscribe(std::string(id->get_string()));
    if (!fetching_) fetch_list(1);
  }
  if (options_.json) return print_json({{"event", event.name()}, {"data", payload}});
  if (!told) return;
  if (tty_) return redraw();
  for (const std::string& line : board_.log_lines(event.name(), payload)) print(line);
}

// --- Output -----------------------------------------------------------------------------------------------

void Watch::print(const std::string& line) {
  if (ended_) return;
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                       std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
  if (!written) end(kWatchEnded);
}

void Watch::print_json(const json::object& object) {
  print(json::serialize(object));
}

void Watch::status(std::string text) {
  if (text == status_) return;
  status_ = std::move(text);
  if (options_.json) return print_json({{"event", "watch"}, {"data", {{"status", status_}}}});
  tty_ ? redraw() : print("-- " + for_terminal(status_));
}

void Watch::redraw() {
  if (!tty_ || ended_ || std::exchange(redraw_due_, true)) return;
  redraw_ = shard_.run_after(kRedraw, [this] {
    redraw_due_ = false;
    draw();
  });
}

void Watch::draw() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    size.ws_col = 80;
    size.ws_row = 24;
  }
  // The other screen, so that what stood there comes back at the end; then from the top, each line cleared
  // behind.
  std::string out = std::exchange(drawn_, true) ? "" : "\x1b[?1049h\x1b[?25l";
  out += "\x1b[H";
  const auto lines = board_.picture("Patchbay at " + url_.origin() + " - " + status_ + " (Ctrl-C ends)",
                                    size.ws_col, size.ws_row, colours_);
  for (size_t i = 0; i < lines.size(); ++i) out += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  out += "\x1b[J";
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0)
    end(kWatchEnded);
}

void Watch::end(int code, const std::string& complaint) {
  if (std::exchange(ended_, true)) return;
  exit_code_ = code;
  if (drawn_) {
    std::fputs("\x1b[?25h\x1b[?1049l", stdout);
    std::fflush(stdout);
  }
  if (!complaint.empty()) std::fprintf(stderr, "patchbay: %s\n", for_terminal(complaint, 2'000).c_str());
  refresh_.cancel();
  redraw_.cancel();
  come_back_.cancel();
  // In a turn of its own: we may stand in one of their callbacks.
  shard_.post([this] {
    client_.reset();
    rest_.reset();
    signals_.reset();
    shard_.stop();
  });
}

int complain(const Error& error, int code) {
  std::fprintf(stderr, "patchbay: %s\n", error.message.c_str());
  return code;
}

}  // namespace

int watch(const WatchOptions& options) {
  const auto credential = read_credential(options);
  if (!credential) return complain(credential.error(), kWatchMisused);
  const auto url = http::Url::parse(options.url);
  if (!url) return complain(url.error(), kWatchMisused);
  if (url->path != "/")
    return complain(
        {ErrorCode::kConfiguration, "--url is scheme, host and port only, as in http://127.0.0.1:3000", {}},
        kWatchMisused);
  std::shared_ptr<const net::TlsContext> tls;
  if (url->secure) {
    auto made = net::TlsContext::client({.ca_file = options.ca_file, .insecure = options.insecure});
    if (!made) return complain(made.error(), kWatchMisused);
    tls = std::move(*made);
  }
  // Blocked before any thread starts, so that all inherit it and only the loop sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGWINCH}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  net::Shard shard(0);
  Watch program(shard, options, *url, *credential, std::move(tls));
  shard.post([&] { program.start(signals); });
  shard.run();
  return program.exit_code();
}

}  // namespace patchbay::app
