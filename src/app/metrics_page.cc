#include "app/metrics_page.h"

#include <fstream>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error_code.h"

namespace patchbay::app {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Families {
 public:
  void counter(const std::string& name, const std::string& help, double value, const Labels& labels = {}) {
    add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
  }
  void gauge(const std::string& name, const std::string& help, double value, const Labels& labels = {}) {
    add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
  }
  // Values are multiplied by `unit`: 1e-3 for milliseconds shown as seconds.
  void histogram(const std::string& name, const std::string& help, const HistogramValues& values, double unit,
                 const Labels& labels = {}) {
    auto& histogram = add(name, help, prometheus::MetricType::Histogram, labels).histogram;
    uint64_t so_far = 0;
    for (size_t i = 0; i < values.bounds.size(); ++i) {
      so_far += values.counts[i];
      histogram.bucket.push_back(
          {.cumulative_count = so_far, .upper_bound = static_cast<double>(values.bounds[i]) * unit});
    }
    histogram.sample_count = values.count();
    histogram.sample_sum = static_cast<double>(values.sum) * unit;
    histogram.bucket.push_back(
        {.cumulative_count = histogram.sample_count, .upper_bound = std::numeric_limits<double>::infinity()});
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help, prometheus::MetricType type,
                                const Labels& labels) {
    if (families_.empty() || families_.back().name != name)
      families_.push_back({.name = name, .help = help, .type = type, .metric = {}});
    prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
    for (auto& [label, value] : labels) metric.label.push_back({.name = label, .value = value});
    return metric;
  }
  std::vector<prometheus::MetricFamily> families_;
};

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double read(const std::atomic<uint64_t>& value) {
  return static_cast<double>(value.load(std::memory_order_relaxed));
}

// One counter for each value of an enumeration, which `values` is indexed by.
template <typename Kind, size_t kSize>
void each(Families& out, const std::string& name, const std::string& help, const std::string& label,
          const std::array<uint64_t, kSize>& values) {
  for (size_t i = 0; i < kSize; ++i)
    out.counter(name, help, static_cast<double>(values[i]),
                {{label, std::string(to_string(static_cast<Kind>(i)))}});
}

void add_engine(Families& out, const engineio::Metrics& engine) {
  out.gauge("patchbay_engineio_sessions", "Engine.IO sessions now.", static_cast<double>(engine.sessions));
  each<engineio::TransportKind>(out, "patchbay_engineio_sessions_opened_total",
                                "Sessions by first transport.", "transport", engine.opened);
  each<engineio::CloseReason>(out, "patchbay_engineio_sessions_closed_total",
                              "Sessions that ended, by reason.", "reason", engine.closed);
  each<engineio::UpgradeOutcome>(out, "patchbay_engineio_upgrades_total",
                                 "What became of second transports that wanted to take over.", "outcome",
                                 engine.upgrades);
  each<engineio::RefusalCode>(out, "patchbay_engineio_refused_total",
                              "Requests refused with an Engine.IO error.", "error", engine.refused);
  each<engineio::BusyReason>(out, "patchbay_engineio_turned_away_total",
                             "New sessions turned away for now, with Retry-After.", "reason", engine.busy);
  const auto traffic = [&](const std::string& name, const std::string& help, auto member) {
    for (size_t i = 0; i < engine.traffic.size(); ++i)
      out.counter(name, help, static_cast<double>(engine.traffic[i].*member),
                  {{"transport", std::string(to_string(static_cast<engineio::TransportKind>(i)))}});
  };
  using Traffic = engineio::TrafficCounts<uint64_t>;
  traffic("patchbay_engineio_packets_in_total", "Packets received.", &Traffic::packets_in);
  traffic("patchbay_engineio_packets_out_total", "Packets sent.", &Traffic::packets_out);
  traffic("patchbay_engineio_bytes_in_total", "Bytes of the packets received.", &Traffic::bytes_in);
  traffic("patchbay_engineio_bytes_out_total", "Bytes of the packets sent.", &Traffic::bytes_out);
  out.counter("patchbay_engineio_heartbeats_sent_total", "Pings sent; to old clients, pongs.",
              static_cast<double>(engine.heartbeats_sent));
  out.counter("patchbay_engineio_heartbeats_missed_total", "Sessions that ended for the lack of a heartbeat.",
              static_cast<double>(engine.heartbeats_missed));
  out.histogram("patchbay_engineio_heartbeat_lateness_seconds",
                "How long after its due time a ping was sent.", engine.heartbeat_lateness_ms, 1e-3);
}

bool is_local_peer(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

// Namespaces that clients have made are one row: there may be thousands.
void add_namespaces(Families& out, const socketio::Server& io) {
  std::map<std::string, std::pair<socketio::NamespaceMetrics, size_t>> rows;
  for (const auto& nsp : io.namespaces()) {
    auto& [metrics, waiting] = rows[nsp->is_dynamic() ? "(dynamic)" : nsp->name()];
    metrics += nsp->metrics();
    waiting += nsp->waiting_bytes();
  }
  using Metrics = socketio::NamespaceMetrics;
  const auto each_row = [&](bool counts, const std::string& name, const std::string& help,
                            uint64_t Metrics::* member, const Labels& more = {}) {
    for (const auto& [nsp, row] : rows) {
      Labels labels{{"namespace", nsp}};
      labels.insert(labels.end(), more.begin(), more.end());
      const auto value = static_cast<double>(row.first.*member);
      counts ? out.counter(name, help, value, labels) : out.gauge(name, help, value, labels);
    }
  };
  each_row(false, "patchbay_socketio_sockets", "Sockets now.", &Metrics::sockets);
  each_row(false, "patchbay_socketio_rooms", "Rooms now; one counts once for each shard.", &Metrics::rooms);
  each_row(true, "patchbay_socketio_connected_total", "Sockets that came.", &Metrics::connected);
  each_row(true, "patchbay_socketio_refused_total", "Sockets that middleware refused.", &Metrics::refused);
  each_row(true, "patchbay_socketio_recovered_total", "Sockets that came back with their state.",
           &Metrics::recovered);
  each_row(true, "patchbay_socketio_recovery_failed_total",
           "Sockets whose state was gone when they came back.", &Metrics::recovery_failed);
  each_row(true, "patchbay_socketio_events_in_total", "Events received.", &Metrics::events_in);
  each_row(true, "patchbay_socketio_acks_in_total", "Acknowledgements received.", &Metrics::acks_in);
  each_row(true, "patchbay_socketio_events_out_total", "Events sent, one for each receiver.",
           &Metrics::events_out);
  each_row(true, "patchbay_socketio_acks_out_total", "Acknowledgements sent.", &Metrics::acks_out);
  each_row(true, "patchbay_socketio_broadcasts_total", "Broadcasts, one for each shard with receivers.",
           &Metrics::broadcasts);
  each_row(true, "patchbay_socketio_ack_timeouts_total", "Acknowledgements that did not come in time.",
           &Metrics::ack_timeouts);
  each_row(true, "patchbay_socketio_event_errors_total", "Events that middleware refused.",
           &Metrics::event_errors);
  constexpr const char* kDropped = "patchbay_socketio_dropped_total";
  constexpr const char* kDroppedHelp = "Events that slow clients were not sent, by reason.";
  each_row(true, kDropped, kDroppedHelp, &Metrics::dropped_volatile, {{"reason", "volatile"}});
  each_row(true, kDropped, kDroppedHelp, &Metrics::dropped_newest, {{"reason", "newest"}});
  each_row(true, kDropped, kDroppedHelp, &Metrics::dropped_oldest, {{"reason", "oldest"}});
  each_row(true, kDropped, kDroppedHelp, &Metrics::coalesced, {{"reason", "coalesced"}});
  each_row(true, "patchbay_socketio_overflowed_total",
           "Sockets disconnected because too much waited for them.", &Metrics::overflowed);
  for (const auto& [nsp, row] : rows)
    out.gauge("patchbay_socketio_waiting_bytes", "Bytes that wait for slow clients.",
              static_cast<double>(row.second), {{"namespace", nsp}});
}

}  // namespace

http::Response MetricsPage::respond(const http::Request& request) const {
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    http::Response response =
        http::error_response(405, to_string(ErrorCode::kMethodNotAllowed), "Metrics are read with GET.");
    response.set("allow", "GET, HEAD");
    return response;
  }
  const bool allowed =
      token_.empty() ? is_local_peer(request.remote_address)
                     : equals_constant_time(request.header("authorization").value_or(""), "Bearer " + token_);
  if (!allowed)
    return http::error_response(
        401, to_string(ErrorCode::kAuthentication),
        "Metrics are for this machine, or for who sends PATCHBAY_METRICS_TOKEN as a bearer token.");
  http::Response response{.body = render()};
  response.set("content-type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

std::string MetricsPage::render() const {
  Families out;
  out.gauge("process_resident_memory_bytes", "Memory in RAM.", resident_bytes());
  out.counter("process_cpu_seconds_total", "CPU time, user and system.", cpu_seconds());

  const auto& http = sources_.http.counters();
  out.counter("patchbay_http_connections_total", "TCP connections accepted.", read(http.connections));
  out.counter("patchbay_http_requests_total", "Requests parsed.", read(http.requests));
  out.counter("patchbay_http_bad_requests_total", "Requests refused by the parser.", read(http.bad_requests));
  out.counter("patchbay_http_timeouts_total", "Requests that did not arrive in time.", read(http.timeouts));

  add_engine(out, sources_.io.engine().metrics());
  add_namespaces(out, sources_.io);

  out.gauge("patchbay_realtime_sockets", "Sockets in the main namespace.",
            static_cast<double>(sources_.realtime.socket_count()));
  const auto& realtime = sources_.realtime.counters();
  for (size_t i = 0; i < realtime.accepted.size(); ++i)
    out.counter("patchbay_realtime_accepted_total", "Sockets accepted, by where the credential was.",
                read(realtime.accepted[i]),
                {{"method", std::string(to_string(static_cast<realtime::AuthMethod>(i)))}});
  out.counter("patchbay_realtime_refused_total", "Sockets refused.", read(realtime.refused_missing),
              {{"reason", "missing"}});
  out.counter("patchbay_realtime_refused_total", "Sockets refused.", read(realtime.refused_invalid),
              {{"reason", "invalid"}});
  out.counter("patchbay_realtime_revoked_total", "Sockets dropped because their credential lost its worth.",
              read(realtime.revoked));
  out.counter("patchbay_realtime_events_total", "Instance events published.", read(realtime.events));

  const auto totals = sources_.instances.totals();
  for (size_t i = 0; i < 6; ++i)
    out.gauge("patchbay_instances", "Instances by status.", static_cast<double>(totals.by_status[i]),
              {{"status", std::string(manager::to_string(static_cast<manager::InstanceStatus>(i)))}});

  const store::StoreMetrics store = sources_.store.metrics();
  out.counter("patchbay_store_reads_total", "Read transactions.", static_cast<double>(store.reads));
  out.counter("patchbay_store_commits_total", "Groups of writes that became durable.",
              static_cast<double>(store.commits));
  out.counter("patchbay_store_writes_total", "Writes that became durable.",
              static_cast<double>(store.writes));
  out.counter("patchbay_store_failed_writes_total", "Writes that failed.",
              static_cast<double>(store.failed_writes));
  out.counter("patchbay_store_refused_writes_total", "Writes refused because too many waited.",
              static_cast<double>(store.refused_writes));
  out.gauge("patchbay_store_queue_depth", "Writes that wait.", static_cast<double>(store.queue_depth));
  out.counter("patchbay_store_commit_seconds_total", "Time spent in COMMIT.",
              static_cast<double>(store.commit_microseconds) / 1e6);
  out.gauge("patchbay_worker_queue_depth", "Requests that wait for a worker.",
            static_cast<double>(sources_.workers.queued()));

  const auto each_shard = [&](const std::string& name, const std::string& help, auto&& value) {
    for (size_t i = 0; i < sources_.shards.size(); ++i)
      out.counter(name, help, value(sources_.shards[i].counters()), {{"shard", std::to_string(i)}});
  };
  each_shard("patchbay_shard_turns_total", "Turns of the event loop.",
             [](const auto& c) { return read(c.turns); });
  each_shard("patchbay_shard_busy_seconds_total", "Time outside of waiting.",
             [](const auto& c) { return read(c.busy_microseconds) / 1e6; });
  for (size_t i = 0; i < sources_.shards.size(); ++i)
    out.histogram("patchbay_shard_turn_seconds", "How long turns of the event loop took.",
                  sources_.shards[i].counters().turn_microseconds.get(), 1e-6,
                  {{"shard", std::to_string(i)}});
  for (size_t i = 0; i < sources_.shards.size(); ++i)
    out.gauge("patchbay_shard_longest_turn_seconds", "Longest turn so far.",
              read(sources_.shards[i].counters().longest_turn_microseconds) / 1e6,
              {{"shard", std::to_string(i)}});
  return out.text();
}

}  // namespace patchbay::app
