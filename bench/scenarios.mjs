// What is measured: the generator's arguments, and the figures taken from its report. `smaller: true` figures are
// costs, of which the tables give the ratio peer ÷ Patchbay. Scenarios without `full` and `quick` run the same twice.

const cpu = { key: "cpu_seconds_per_million", text: "CPU s / million", ratio: true };
const per_second = { key: "per_second", text: "per second" };
const percentiles = [
  { key: "p50_us", text: "p50 µs" },
  { key: "p99_us", text: "p99 µs" },
  { key: "p999_us", text: "p99.9 µs" },
];

export function scenarios({ quick }) {
  const timed = (...words) => [...words, "--seconds", quick ? "1" : "2"];
  const idle = (count, seconds) => ["idle", "-n", count, "--rooms", String(Number(count) / 5), "--seconds", quick ? "2" : seconds, "--warmup", "2"];
  return {
    echo_k1: { text: "echo, 200 clients, 1 outstanding", args: timed("echo", "-n", "200", "-k", "1"), figures: [cpu, per_second] },
    echo_k10: { text: "echo, 100 clients, 10 outstanding", args: timed("echo", "-n", "100", "-k", "10"), figures: [cpu, per_second] },
    fan_w1: { text: "room of 1,000, 1 outstanding", args: timed("fanout", "-n", "1001", "-k", "1"), figures: [cpu, per_second] },
    fan_w8: { text: "room of 1,000, 8 outstanding", args: timed("fanout", "-n", "1001", "-k", "8"), figures: [cpu, per_second] },
    rooms_w16: { text: "200 rooms of 5, 16 outstanding", args: timed("fanout", "-n", "1001", "--rooms", "200", "-k", "16"), figures: [cpu, per_second] },
    poll_w4: { text: "long-polling, room of 200, 4 outstanding", args: timed("fanout", "--polling", "-n", "201", "-k", "4"), figures: [cpu, per_second] },
    fan_20k: { text: "20,000 deliveries/s, one room of 1,000", args: timed("fanout", "-n", "1001", "--rate", "20", "--warmup", "1"), figures: [cpu, ...percentiles] },
    rooms_20k: { text: "20,000 deliveries/s, 200 rooms of 5", args: timed("fanout", "-n", "1001", "--rooms", "200", "--rate", "4000", "--warmup", "1"), figures: [cpu, ...percentiles] },
    connect: {
      text: "connect, 10,000",
      args: ["connect", "-n", "10000"],
      figures: [{ key: "cpu_ms_per_connect", text: "CPU ms / connect", ratio: true }, per_second],
    },
    idle_10k: {
      text: "idle, 10,000, each in a room",
      args: idle("10000", "5"),
      figures: [
        { key: "bytes_per_connection", text: "heap bytes / connection", ratio: true },
        { key: "rss_bytes_per_connection", text: "RSS bytes / connection" },
      ],
    },
    idle_19k: {
      text: "idle, 19,000, each in a room",
      args: idle("19000", "30"),
      figures: [
        { key: "bytes_per_connection", text: "heap bytes / connection", ratio: true },
        { key: "rss_held", text: "RSS MB", scale: 1e-6 },
        { key: "idle_cpu_percent", text: "idle CPU, % of a core", full: true },
      ],
    },
    avalanche: {
      text: "15,000 reconnect after a crash",
      args: ["avalanche", "-n", "15000"],
      starts_server: true,
      figures: [
        { key: "server_cpu_seconds", text: "CPU s", ratio: true },
        { key: "back_p50_seconds", text: "half are back after s" },
        { key: "all_heard_seconds", text: "all have heard a broadcast after s" },
        { key: "failed_attempts", text: "failed attempts" },
        { key: "thrown_out", text: "thrown out again" },
      ],
    },
  };
}
