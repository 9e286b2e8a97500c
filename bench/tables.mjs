// The Markdown of a measurement. The medians are each server's own over the rounds; a ratio is taken within a round,
// because the machine changes between rounds, and given as its median with the lowest and the highest.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

const titles = { patchbay: "Patchbay", node: "Node", bun: "Bun", floor: "floor" };

export const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const number = (value) => {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value >= 1 ? value.toFixed(2) : value.toFixed(3);
};
const factor = (value) => (value >= 10 ? value.toFixed(0) : value.toFixed(value >= 1 ? 1 : 2));

const values = (runs, figure) =>
  (runs ?? []).map((run) => (run ? run[figure.key] * (figure.scale ?? 1) : undefined));
const present = (list) => list.filter((value) => value !== undefined && !Number.isNaN(value));

// "5.1 (4.9–5.6)", how many times `ours` goes into `theirs`.
function ratio(ours, theirs) {
  const pairs = ours.map((value, i) => theirs[i] / value).filter((value) => Number.isFinite(value));
  if (pairs.length === 0) return "–";
  return `${factor(median(pairs))} (${factor(Math.min(...pairs))}–${factor(Math.max(...pairs))})`;
}

function version(command) {
  try {
    return execFileSync(command, ["--version"], { encoding: "utf8" }).trim();
  } catch {
    return "absent";
  }
}

export function tables({ scenarios, wanted, compared, results, rounds, failures, quick, quiet, bun }) {
  const names = compared.map((server) => titles[server]);
  const peers = compared.filter((server) => server !== "patchbay");
  const with_ratios = compared.includes("patchbay");
  const head = ["scenario", "figure", ...names, ...(with_ratios ? peers.map((server) => `${titles[server]} ÷ Patchbay`) : [])];
  const lines = [`| ${head.join(" | ")} |`, `|---|---|${"--:|".repeat(head.length - 2)}`];
  let noisy = 0;
  let runs = 0;
  for (const name of wanted) {
    const of = results[name] ?? {};
    for (const run of Object.values(of).flat()) {
      if (!run) continue;
      ++runs;
      if (!run.quiet) ++noisy;
    }
    let text = scenarios[name].text;
    for (const figure of scenarios[name].figures) {
      if (quick && figure.full) continue;
      const by = Object.fromEntries(compared.map((server) => [server, values(of[server], figure)]));
      const cells = compared.map((server) => number(median(present(by[server]))));
      const ratios = with_ratios ? peers.map((server) => (figure.ratio ? ratio(by.patchbay, by[server]) : "")) : [];
      lines.push(`| ${[text, figure.text, ...cells, ...ratios].join(" | ")} |`);
      text = "";
    }
  }
  const day = new Date().toISOString().slice(0, 10);
  const what = [`socket.io 4.8.4 on Node ${process.version}`];
  if (compared.includes("bun")) what.push(`on Bun ${version(bun)}`);
  return [
    `${quick ? "One quick round, not for quoting" : `Medians of ${rounds} rounds`}; ${what.join(" and ")}; ${cpus().length} cores (${cpus()[0].model}); ${day}.`,
    `${runs - noisy} of ${runs} runs were quiet (others used at most ${quiet} of a core).`,
    "",
    ...lines,
    ...(failures.length ? ["", "Runs that failed:", "", ...failures.map((line) => `- ${line}`)] : []),
  ].join("\n");
}

// Puts the tables between the markers of docs/performance.md.
export function into_document(document, text) {
  const [begin, end] = ["<!-- results:begin -->", "<!-- results:end -->"];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
