// The scenarios in which connections stay: connect, idle, echo, fan-out (closed loop or at a given rate).
#include <algorithm>
#include <deque>
#include <functional>

#include "histogram.h"
#include "load.h"

namespace patchbay::bench {
namespace {

Report begin_report(const Load& load) {
  Report report;
  report.add("scenario", load.settings().scenario)
      .add("connections", static_cast<double>(load.settings().connections));
  return report;
}

struct Loop {
  const uint64_t& messages;               // so far
  std::function<void(double)> pump;       // keeps going for so many seconds
  std::function<void()> stop;             // asks for nothing more
  std::function<bool()> all_answered;     // nothing that was asked for is missing
  std::function<void(Report&)> add = {};  // to the report
};

// Warms up, counts what happens in the measured time, and makes sure that nothing is lost in the end.
int measure(Load& load, const Loop& loop) {
  loop.pump(load.settings().warmup);
  const uint64_t first = loop.messages;
  Meter meter(load.settings().server_pid);
  meter.begin();
  loop.pump(load.settings().seconds);
  const auto messages = static_cast<double>(loop.messages - first);
  meter.end();
  loop.stop();
  const auto give_up = Clock::now() + std::chrono::seconds(20);
  while (!loop.all_answered() && !load.failed() && Clock::now() < give_up)
    load.poll_once(std::chrono::milliseconds(100));
  if (!loop.all_answered()) load.fail("messages were lost");
  if (messages == 0) load.fail("nothing was answered");
  if (load.failed()) return load.report_failure();
  Report report = begin_report(load);
  report.add("messages", messages)
      .add("per_second", messages / meter.seconds())
      .add("cpu_seconds_per_million", meter.server_cpu() * 1e6 / messages, 3);
  if (loop.add) loop.add(report);
  meter.add_to(report);
  report.print();
  return 0;
}

// One publisher, members in rooms; checks that every member hears every publication of its room once and in
// order.
class FanOut {
 public:
  explicit FanOut(Load& load) : load_(load) {
    load_.on_packet([this](Client& client, std::string_view packet) {
      if (packet[0] == '2') return delivered(client, packet);
      ++acknowledged_;
      if (acknowledged_ > published_) load_.fail("more acknowledgements than publications");
    });
  }

  void publish(Clock::time_point due) {
    const size_t room = published_++ % load_.settings().rooms;
    load_.queue(load_.client(0), "2" + std::to_string(published_) + "[\"publish\",\"room" +
                                     std::to_string(room) + "\"," +
                                     payload_object(load_.settings().payload, published_) + "]");
    flights_.push_back({.missing = members_of(room), .due = due});
  }
  // After every completed publication; with it a closed loop is kept up.
  std::function<void()> on_completed;
  const uint64_t& delivered() const { return delivered_; }
  Histogram latencies;
  Clock::time_point record_from = Clock::time_point::max();
  bool all_answered() const { return flights_.empty() && acknowledged_ == published_; }

 private:
  struct Flight {
    size_t missing;
    Clock::time_point due;
  };

  size_t members_of(size_t room) const {
    const size_t members = load_.size() - 1;
    const size_t rooms = load_.settings().rooms;
    return members / rooms + (room < members % rooms ? 1 : 0);
  }

  void delivered(Client& client, std::string_view packet) {
    const uint64_t number = number_after(packet, "\"n\":");
    // A member of room r hears r + 1, then every rooms-th after it.
    const uint64_t expected = client.received == 0 ? (client.index() - 1) % load_.settings().rooms + 1
                                                   : client.received + load_.settings().rooms;
    if (number != expected || number < first_ || number - first_ >= flights_.size())
      return load_.fail("client " + std::to_string(client.index()) + " expected broadcast " +
                        std::to_string(expected) + " and got: " + std::string(packet.substr(0, 80)));
    client.received = number;
    ++delivered_;
    Flight& flight = flights_[number - first_];
    if (flight.due >= record_from)
      latencies.record(
          std::chrono::duration_cast<std::chrono::microseconds>(load_.now() - flight.due).count());
    if (--flight.missing > 0) return;
    while (!flights_.empty() && flights_.front().missing == 0) {
      flights_.pop_front();
      ++first_;
      if (on_completed) on_completed();
    }
  }

  Load& load_;
  uint64_t published_ = 0;
  uint64_t acknowledged_ = 0;
  uint64_t delivered_ = 0;
  std::deque<Flight> flights_;  // from number first_ on
  uint64_t first_ = 1;
};

// Publishes at the rate given, whatever comes back; a latency begins when the publication was due, not when
// it left.
int run_paced(Load& load, FanOut& fan) {
  const auto step = std::chrono::duration_cast<Clock::duration>(Seconds(1 / load.settings().rate));
  auto due = Clock::now() + step;
  const auto pump = [&](double seconds) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
    while (!load.failed()) {
      const auto now = Clock::now();
      if (now >= end) break;
      for (; due <= now; due += step) fan.publish(due);
      load.poll_once(
          std::clamp<Clock::duration>(std::min(due, end) - Clock::now(), Clock::duration::zero(), step));
    }
  };
  fan.record_from =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(load.settings().warmup));
  return measure(load, {.messages = fan.delivered(),
                        .pump = pump,
                        .stop = [] {},
                        .all_answered = [&] { return fan.all_answered(); },
                        .add =
                            [&](Report& report) {
                              report.add("rate", load.settings().rate)
                                  .add("p50_us", fan.latencies.quantile(0.5))
                                  .add("p99_us", fan.latencies.quantile(0.99))
                                  .add("p999_us", fan.latencies.quantile(0.999))
                                  .add("max_us", fan.latencies.quantile(1));
                            }});
}

}  // namespace

int run_connect(Load& load) {
  Meter meter(load.settings().server_pid);
  meter.begin();
  if (!load.open(load.settings().connections)) return load.report_failure();
  meter.end();
  const auto count = static_cast<double>(load.size());
  Report report = begin_report(load);
  report.add("per_second", count / meter.seconds())
      .add("cpu_ms_per_connect", meter.server_cpu() * 1000 / count, 4);
  meter.add_to(report);
  report.print();
  return 0;
}

int run_idle(Load& load) {
  const Settings& settings = load.settings();
  // What the first thousand cost besides themselves (code, buffers, tables) is not a cost of the rest.
  const Memory start = memory_of(settings.server_pid);
  if (!load.open(settings.baseline) || !load.join_rooms(0)) return load.report_failure();
  load.pump_for(1);
  const Memory baseline = memory_of(settings.server_pid);
  const size_t first = load.size();
  if (!load.open(settings.connections) || !load.join_rooms(first)) return load.report_failure();
  load.pump_for(settings.warmup);
  const Memory held = memory_of(settings.server_pid);
  Meter meter(settings.server_pid);
  meter.begin();
  load.pump_for(settings.seconds);
  meter.end();
  if (load.failed()) return load.report_failure();
  const auto added = static_cast<double>(load.size() - first);
  Report report = begin_report(load);
  report.add("bytes_per_connection", (held.anonymous - baseline.anonymous) / added)
      .add("rss_bytes_per_connection", (held.resident - start.resident) / static_cast<double>(load.size()))
      .add("rss_start", start.resident)
      .add("rss_held", held.resident)
      .add("idle_cpu_percent", meter.server_cpu() / meter.seconds() * 100, 2);
  meter.add_to(report);
  report.print();
  return 0;
}

int run_echo(Load& load) {
  const Settings& settings = load.settings();
  if (!load.open(settings.connections)) return load.report_failure();
  const std::string tail = "[\"echo\"," + payload_object(settings.payload, 7) + "]";
  const std::string answer = "[" + payload_object(settings.payload, 7) + "]";
  uint64_t answers = 0, asked = 0;
  bool asking = true;
  const auto ask = [&](Client& client) {
    ++asked;
    load.queue(client, "2" + std::to_string(client.next_id++) + tail);
  };
  load.on_packet([&](Client& client, std::string_view packet) {
    if (packet[0] != '3' || number_after(packet, "3") != client.expected_id++ || !packet.ends_with(answer))
      return load.fail("a wrong or reordered answer: " + std::string(packet.substr(0, 80)));
    ++answers;
    if (asking) ask(client);
  });
  for (size_t i = 0; i < load.size(); ++i)
    for (size_t k = 0; k < settings.outstanding; ++k) ask(load.client(i));
  return measure(load, {.messages = answers,
                        .pump = [&](double seconds) { load.pump_for(seconds); },
                        .stop = [&] { asking = false; },
                        .all_answered = [&] { return answers == asked; }});
}

int run_fan_out(Load& load) {
  const Settings& settings = load.settings();
  if (!load.open(settings.connections) || !load.join_rooms(1)) return load.report_failure();
  FanOut fan(load);
  if (settings.rate > 0) return run_paced(load, fan);
  fan.on_completed = [&] { fan.publish(load.now()); };
  for (size_t i = 0; i < settings.outstanding; ++i) fan.publish(load.now());
  return measure(load, {.messages = fan.delivered(),
                        .pump = [&](double seconds) { load.pump_for(seconds); },
                        .stop = [&] { fan.on_completed = nullptr; },
                        .all_answered = [&] { return fan.all_answered(); }});
}

}  // namespace patchbay::bench
