/* close(): it is over, at once and for good. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeSocket, clock, connected, latest, watched } from "./stage.mjs";

test("close() closes, tells so at once, and does not come back", () => {
  const { bridge, told, socket } = connected();
  bridge.send(1);
  bridge.close(4001, "done");
  assert.deepEqual(socket.closedWith, [4001, "done"]);
  assert.deepEqual(told.slice(1), [
    ["close", { code: 4001, reason: "done", wasClean: true, willReconnect: false }],
    ["end", { code: 4001, reason: "done", wasClean: true, unsent: [] }],
  ]);
  socket.hears("1");
  socket.goes(4001, "done");
  clock.tick(1e6);
  assert.equal(told.length, 3);
  assert.equal(FakeSocket.made.length, 1);
});

test("close() is 1000 unless told otherwise", () => {
  const { bridge, socket } = connected();
  bridge.close();
  assert.deepEqual(socket.closedWith, [1000, ""]);
});

for (const code of [3000, 4999])
  test(`close() may be ${code}`, () => {
    const { bridge, socket } = connected();
    bridge.close(code);
    assert.deepEqual(socket.closedWith, [code, ""]);
  });

test("close() ends an attempt, and a pause", () => {
  const trying = watched();
  trying.bridge.connect("/a/");
  trying.bridge.close();
  assert.equal(latest().readyState, 2);
  assert.equal(clock.timers.size, 0);
  const { bridge, told, socket } = connected();
  socket.goes();
  bridge.close();
  clock.tick(1e6);
  assert.equal(FakeSocket.made.length, 2);
  assert.deepEqual(told.types(), ["open", "error", "close", "reconnecting", "end"]);
  assert.equal(clock.timers.size, 0);
});

test("close() before connect() and after the end does nothing", () => {
  const { bridge, told } = watched();
  bridge.close();
  assert.equal(bridge.state, "idle");
  bridge.connect("/a/");
  bridge.close();
  bridge.close();
  assert.deepEqual(told.types(), ["close", "end"]);
});

test("codes and reasons that a page may not close with are refused, and nothing happens", () => {
  const { bridge, told } = connected();
  for (const code of [1001, 1012, 2999, 5000, "1000"])
    assert.throws(() => bridge.close(code), /closes with 1000 or a code from 3000 to 4999, not/);
  assert.throws(() => bridge.close(1000, "ü".repeat(62)), /at most 123 bytes/);
  assert.equal(bridge.isOpen, true);
  assert.deepEqual(told.types(), ["open"]);
});

test("a listener of \"close\" may close, so that nothing follows", () => {
  const { bridge, told, socket } = connected();
  bridge.addEventListener("close", () => bridge.close(4000, "enough"));
  socket.goes(1006);
  clock.tick(1e6);
  assert.deepEqual(told.types(), ["open", "error", "close", "end"]);
  assert.equal(told.last("end").reason, "enough");
});

test("a listener of \"close\" may ask for another connection, whatever the code", () => {
  const { bridge, socket } = connected();
  bridge.addEventListener("close", () => bridge.reconnect(), { once: true });
  socket.goes(4401);
  latest().opens();
  assert.equal(bridge.state, "open");
  assert.equal(FakeSocket.made.length, 2);
});

test("a listener of \"open\" may close", async () => {
  const { bridge, told } = watched();
  bridge.addEventListener("open", () => bridge.close());
  const opened = bridge.connect("/a/");
  bridge.send(1);
  latest().opens();
  await assert.rejects(opened, /ended/);
  assert.deepEqual(latest().sent, []);
  assert.deepEqual(told.last("end").unsent, ["1"]);
});

test("a listener of \"end\" may connect again", () => {
  const { bridge, socket } = connected();
  bridge.addEventListener("end", () => bridge.connect("/login/"), { once: true });
  socket.goes(4401);
  assert.equal(latest().url, "wss://example.org/login/");
  latest().opens();
  assert.equal(bridge.isOpen, true);
});

test("keepClosed: false, 1.x's way to ask for another connection", () => {
  const { bridge, socket } = connected();
  bridge.socket.close(1000, "", { keepClosed: false, delay: 300 });
  assert.equal(socket.readyState, 2);
  clock.tick(299);
  assert.equal(FakeSocket.made.length, 1);
  clock.tick(1);
  assert.equal(FakeSocket.made.length, 2);
});
