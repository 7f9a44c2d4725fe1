/* What is sent while there is no connection. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { QueueFull, clock, connected, latest, watched } from "./stage.mjs";

const texts = (socket) => socket.sent.map((text) => JSON.parse(text));

test("what is sent on an open connection leaves at once", () => {
  const { bridge, socket } = connected();
  assert.equal(bridge.send({ text: "Hello" }), true);
  assert.deepEqual(socket.sent, ['{"text":"Hello"}']);
});

test("what is sent before and between connections waits, and leaves in its order", () => {
  const { bridge } = watched();
  assert.equal(bridge.send(1), false);
  bridge.connect("/a/");
  bridge.send(2);
  assert.equal(bridge.queuedMessages, 2);
  latest().opens();
  bridge.send(3);
  assert.deepEqual(texts(latest()), [1, 2, 3]);
  assert.equal(bridge.queuedMessages, 0);
  latest().goes();
  bridge.send(4);
  clock.tick(1000);
  bridge.send(5);
  latest().opens();
  assert.deepEqual(texts(latest()), [4, 5]);
});

test("a connection that is closing takes nothing: a browser would lose it", () => {
  const { bridge, socket } = connected();
  socket.readyState = 2;
  assert.equal(bridge.isOpen, false);
  assert.equal(bridge.send(1), false);
  socket.goes(1000);
  clock.tick(1000);
  latest().opens();
  assert.deepEqual(texts(latest()), [1]);
});

test("what listeners of \"open\" send goes before what has waited", () => {
  const { bridge } = watched();
  bridge.addEventListener("open", () => bridge.send("join"));
  bridge.connect("/a/");
  bridge.send("hello");
  latest().opens();
  assert.deepEqual(texts(latest()), ["join", "hello"]);
});

test("what waits goes on waiting when a connection closes as soon as it opens", () => {
  const { bridge } = watched();
  bridge.connect("/a/");
  bridge.send(1);
  latest().onopen({}); // opened, and closed again before the page was told
  latest().goes();
  clock.tick(1000);
  latest().opens();
  assert.deepEqual(texts(latest()), [1]);
});

test("a full queue is an error for whoever sends", () => {
  const { bridge } = watched({ maxQueuedMessages: 2 });
  bridge.connect("/a/");
  bridge.send(1);
  bridge.send(2);
  assert.throws(
    () => bridge.send(3),
    (error) => error instanceof QueueFull && error.name === "QueueFull" && error.limit === 2,
  );
  assert.throws(() => bridge.stream("chat").send({}), /2 messages wait for one \(maxQueuedMessages\)/);
  latest().opens();
  assert.deepEqual(texts(latest()), [1, 2]);
  assert.equal(bridge.send(3), true);
});

test("a hundred messages wait unless told otherwise", () => {
  const { bridge } = watched();
  for (let number = 0; number < 100; number += 1) bridge.send(number);
  assert.throws(() => bridge.send(100), QueueFull);
});

test("without a queue, what cannot leave at once is an error", () => {
  const { bridge } = watched({ maxQueuedMessages: 0 });
  assert.throws(() => bridge.send(1), QueueFull);
});

test("what waits at the end is handed back", () => {
  const { bridge, told } = watched();
  bridge.connect("/a/");
  bridge.send({ text: "Hello" });
  latest().goes(4403);
  assert.deepEqual(told.last("end").unsent, ['{"text":"Hello"}']);
  assert.equal(bridge.queuedMessages, 0);
  assert.throws(() => bridge.send(1), /has ended: call connect\(\) before send\(\)/);
});

test("JSON must be able to say it", () => {
  const { bridge } = connected();
  assert.throws(() => bridge.send(undefined), /send\(\) takes what JSON can say, not undefined/);
  assert.throws(() => bridge.send(() => {}), /not function/);
});

test("the socket below sends frames as they are", () => {
  const { bridge } = watched();
  const bytes = new Uint8Array([1, 2]);
  bridge.socket.send(bytes);
  bridge.connect("/a/");
  latest().opens();
  bridge.socket.send("text");
  assert.deepEqual(latest().sent, [bytes, "text"]);
});
