/* docs/javascript.md: its examples run, in their order on one page, and its tables say what is so. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FakeSocket, QueueFull, WebSocketBridge, clock, settle } from "./stage.mjs";

const TEXT = readFileSync(new URL("../../../docs/javascript.md", import.meta.url), "utf8");
const EXAMPLES = [...TEXT.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code);

/** An element that remembers what an example did with it. */
function element() {
  const lines = [];
  return Object.assign(new EventTarget(), { lines, append: (line) => lines.push(line), textContent: "" });
}

test("the examples do what they say", async () => {
  const elements = { "#lines": element(), "#light": element(), "#problem": element(), form: element() };
  document.querySelector = (selector) => elements[selector];
  globalThis.fetch = async () => ({ text: async () => "token" });
  const said = [];
  const run = new Function("console", `${EXAMPLES.join("\n")}\nreturn { bridge, strict, patient };`);
  const { bridge, strict, patient } = run({ log: (...words) => said.push(words) });
  await settle();
  const [chat, shared, feed, account] = FakeSocket.made; // those whose address or subprotocol is asked for come later
  for (const socket of FakeSocket.made) socket.opens();

  assert.equal(chat.url, "wss://example.org/chat/lobby/");
  assert.equal(feed.url, "wss://example.org/feed/?since=0");
  assert.equal(shared.url, "wss://example.org/ws/");
  assert.deepEqual(account.place, ["wss://example.org/account/", ["bearer", "token"]]);

  chat.hears('{"user": "mara", "text": "Hello"}');
  assert.deepEqual(elements["#lines"].lines, ["mara: Hello"]);
  assert.equal(elements["#light"].textContent, "Live");
  elements.form.elements = { text: { value: "Typed." } };
  elements.form.dispatchEvent(new Event("submit", { cancelable: true }));
  assert.deepEqual(chat.sent.map((text) => JSON.parse(text)), [{ text: "Hello" }, { text: "Typed." }]);
  chat.goes(1001);
  assert.equal(elements["#light"].textContent, "Reconnecting in 1 s");
  clock.tick(1000);
  FakeSocket.made.at(-1).goes(4403);
  assert.equal(elements["#light"].textContent, "Members only");
  assert.equal(bridge.state, "ended");

  feed.hears('{"id": 7}');
  feed.goes();
  clock.tick(1000);
  await settle();
  assert.equal(FakeSocket.made.at(-1).url, "wss://example.org/feed/?since=7");

  assert.deepEqual(shared.sent.map((text) => JSON.parse(text).stream), ["chat", "sliders"]);
  shared.hears('{"stream": "chat", "payload": {"text": "Hello"}}');
  shared.hears('{"stream": "sliders", "payload": {"action": "update", "pk": 1, "data": {"value": 42}}}');
  assert.deepEqual(said, [["chat", "Hello"], ["update", 1, { value: 42 }]]);
  assert.deepEqual(strict.options.stopCodes, [1000, 1008, 4401, 4403]);
  assert.equal(patient.options.stopCodes(4000, "for good"), true);
});

test("the example of a full queue tells the reader", () => {
  const problem = element();
  document.querySelector = () => problem;
  const example = EXAMPLES.find((code) => code.includes("QueueFull"));
  new Function("bridge", example)({ send() { throw new QueueFull(100); } });
  assert.match(problem.textContent, /You are offline/);
  assert.throws(() => new Function("bridge", example)({ send() { throw new Error("other"); } }), /other/);
});

test("the table of options has each with its default", () => {
  const rows = [...TEXT.matchAll(/^\| `(\w+)` \| (\w+)/gm)];
  const table = Object.fromEntries(rows.map(([, name, value]) => [name, value]));
  const { options } = new WebSocketBridge();
  for (const [name, value] of Object.entries(options)) {
    assert.ok(name in table, `${name} is not in the table`);
    if (typeof value === "number" || typeof value === "boolean") assert.equal(table[name], String(value), name);
  }
});

test("the table of events has each with its fields", () => {
  const table = [...TEXT.matchAll(/^\| `(\w+)` \| [^|]+ \| (.+) \|$/gm)].map(([, type, fields]) => [type, fields]);
  const bridge = new WebSocketBridge({ maxRetries: 1 });
  const seen = new Set();
  for (const [type, fields] of table)
    bridge.addEventListener(type, (event) => {
      seen.add(type);
      const told = [...fields.matchAll(/`(\w+)`/g)].map(([, name]) => name);
      for (const name of told) assert.ok(name in event, `${type}.${name}`);
    });
  bridge.connect("/a/");
  FakeSocket.made.at(-1).opens();
  FakeSocket.made.at(-1).hears("1");
  FakeSocket.made.at(-1).goes();
  clock.tick(1000);
  FakeSocket.made.at(-1).goes();
  assert.deepEqual([...seen].sort(), ["close", "end", "error", "message", "open", "reconnecting"]);
});
