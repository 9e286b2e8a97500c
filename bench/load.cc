#include "load.h"

#include <array>
#include <cstdio>

#include <sys/epoll.h>
#include <unistd.h>

#include "polling_client.h"
#include "websocket_client.h"

namespace patchbay::bench {

std::string payload_object(size_t bytes, uint64_t number) {
  std::string text = "{\"n\":" + std::to_string(number) + ",\"instanceId\":\"bench\",\"pad\":\"";
  if (text.size() + 2 < bytes) text.append(bytes - text.size() - 2, 'x');
  return text + "\"}";
}

uint64_t number_after(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return UINT64_MAX;
  uint64_t value = 0;
  size_t digits = 0;
  for (size_t i = at + key.size(); i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, ++digits)
    value = value * 10 + static_cast<uint64_t>(text[i] - '0');
  return digits > 0 ? value : UINT64_MAX;
}

Load::Load(const Settings& settings)
    : settings_(settings), epoll_(epoll_create1(EPOLL_CLOEXEC)), now_(Clock::now()) {}

Load::~Load() {
  clients_.clear();
  close(epoll_);
}

bool Load::open(size_t count) {
  Client::Events& events = *this;
  clients_.reserve(count);
  while (ready_ < count && !failed()) {
    while (clients_.size() < count && clients_.size() - ready_ < kOpening) {
      const size_t index = clients_.size();
      if (settings_.polling && index > 0) {
        clients_.push_back(std::make_unique<PollingClient>(settings_.port, index, events));
      } else {
        clients_.push_back(std::make_unique<WebSocketClient>(settings_.port, index, events));
      }
      // More clients than one address has ports to spare, or who must look like that many different ones.
      if (count > 10'000 || settings_.scenario == "avalanche") clients_.back()->use_own_address();
      clients_.back()->start(epoll_);
    }
    poll_once(std::chrono::seconds(1));
  }
  return !failed();
}

std::string Load::subscription(size_t room) {
  return "20[\"subscribe:instance\",\"room" + std::to_string(room) + "\"]";
}

bool Load::join_rooms(size_t first) {
  size_t joined = 0;
  packet_handler_ = [&joined](Client&, std::string_view packet) { joined += packet[0] == '3'; };
  for (size_t i = first; i < clients_.size(); ++i)
    queue(*clients_[i], subscription((i - 1) % settings_.rooms));
  const size_t wanted = clients_.size() - first;
  const auto give_up = Clock::now() + std::chrono::seconds(30);
  while (joined < wanted && !failed() && Clock::now() < give_up) poll_once(std::chrono::milliseconds(100));
  if (joined < wanted) fail("not everybody could join a room");
  packet_handler_ = nullptr;
  return !failed();
}

void Load::flush_queued() {
  for (size_t i = 0; i < queued_.size(); ++i) {
    queued_[i]->queued_for_flush = false;
    if (queued_[i]->ready()) queued_[i]->flush();
  }
  queued_.clear();
}

void Load::poll_once(std::chrono::nanoseconds wait) {
  flush_queued();
  std::array<epoll_event, 1024> events;
  const timespec limit{.tv_sec = wait.count() / 1'000'000'000, .tv_nsec = wait.count() % 1'000'000'000};
  const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  for (int i = 0; i < count; ++i) {
    now_ = Clock::now();
    static_cast<Endpoint*>(events[static_cast<size_t>(i)].data.ptr)
        ->on_events(events[static_cast<size_t>(i)].events);
  }
  now_ = Clock::now();
  flush_queued();
}

void Load::pump_for(double seconds) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  while (Clock::now() < end && !failed()) poll_once(std::chrono::milliseconds(10));
}

void Load::queue(Client& client, std::string_view packet) {
  client.queue(packet);
  if (client.queued_for_flush) return;
  client.queued_for_flush = true;
  queued_.push_back(&client);
}

void Load::fail(std::string why) {
  if (error_.empty()) error_ = std::move(why);
}

int Load::report_failure() const {
  std::fprintf(stderr, "loadgen: %s\n", error_.c_str());
  return 1;
}

void Load::on_ready(Client& client) {
  ++ready_;
  if (ready_handler_) ready_handler_(client);
}

void Load::on_packet(Client& client, std::string_view packet) {
  if (packet_handler_) packet_handler_(client, packet);
}

void Load::on_end(Client& client, const char* why) {
  if (end_handler_) return end_handler_(client);
  fail("client " + std::to_string(client.index()) + ": " + why);
}

}  // namespace patchbay::bench
