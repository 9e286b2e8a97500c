// Many sockets of Baileys in one process, as bench/fleet measures it. Reads lines: `link N`, `collect`; answers with a word.
import { createInterface } from "node:readline";
import { Baileys } from "../tests/whatsapp/baileys_client.mjs";

const port = process.argv[2];
const sandbox = {
  socketUrl: `ws://127.0.0.1:${port}/ws/chat`,
  async post(path, body) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/sandbox${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const { data, message } = await answer.json();
    if (!answer.ok) throw new Error(message);
    return data;
  },
};
const clients = [];

const commands = {
  async link(count) {
    for (let n = 0; n < Number(count); n += 1) {
      const { number } = await sandbox.post("/phones", {});
      clients.push(await new Baileys(sandbox).pairByQr(number));
    }
    return "linked";
  },
  async collect() {
    for (let n = 0; n < 3; n += 1) globalThis.gc();
    return "collected";
  },
};

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split(" ");
  console.log(await commands[command](...rest));
}
