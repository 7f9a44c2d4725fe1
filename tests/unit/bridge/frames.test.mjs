/* What arrives, and who gets it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { WebSocketBridge, clock, connected, latest } from "./stage.mjs";

/** A connected bridge, and what its callbacks were called with. */
function listening(...streams) {
  const { bridge, socket } = connected();
  const heard = [];
  bridge.listen((...call) => heard.push(call));
  for (const stream of streams) bridge.demultiplex(stream, (...call) => heard.push(call));
  return { bridge, socket, heard };
}

/** Run with the errors that listeners raise, which a platform reports somewhere else. */
async function reported(run) {
  const errors = [];
  const original = process.nextTick; // node's EventTarget reports an error of a listener by throwing it there
  process.nextTick = (callback) => {
    try {
      callback();
    } catch (error) {
      errors.push(error);
    }
  };
  try {
    run();
  } finally {
    process.nextTick = original;
  }
  return errors;
}

test("objects come to listen()", () => {
  const { socket, heard } = listening();
  socket.hears('{"text": "Hello"}');
  socket.hears("[1]");
  socket.hears("null");
  socket.hears("0");
  assert.deepEqual(heard, [[{ text: "Hello" }, null], [[1], null], [null, null], [0, null]]);
});

test("the payload of a stream comes to its own callback", () => {
  const { socket, heard } = listening("chat", "news");
  socket.hears('{"stream": "news", "payload": {"id": 1}}');
  socket.hears('{"stream": "chat", "payload": {"id": 2}}');
  socket.hears('{"id": 3}');
  assert.deepEqual(heard, [[{ id: 1 }, "news"], [{ id: 2 }, "chat"], [{ id: 3 }, null]]);
});

test("streams need no listen(), and may be named before connect()", () => {
  const heard = [];
  const bridge = new WebSocketBridge().demultiplex("chat", (payload) => heard.push(payload));
  bridge.connect("/a/");
  latest().opens();
  latest().hears('{"stream": "chat", "payload": 1}');
  latest().hears('{"id": 3}');
  assert.deepEqual(heard, [1]);
});

test("a stream that nobody listens to is said once", (t) => {
  const warning = t.mock.method(console, "warn", () => {});
  const { socket, heard } = listening("chat");
  for (const stream of ["news", "news", "constructor", "__proto__"])
    socket.hears(JSON.stringify({ stream, payload: {} }));
  assert.deepEqual(heard, []);
  assert.equal(warning.mock.callCount(), 3);
  assert.match(warning.mock.calls[0].arguments[0], /the stream "news" are dropped, demultiplex\(\) was not told/);
});

test("callbacks outlive connections", () => {
  const { socket, heard } = listening();
  socket.goes();
  clock.tick(1000);
  latest().opens();
  latest().hears("1");
  assert.deepEqual(heard, [[1, null]]);
});

test("what is sent to a stream has its name and payload", () => {
  const { bridge, socket } = connected();
  assert.equal(bridge.stream("chat").send({ text: "Hello" }), true);
  assert.deepEqual(JSON.parse(socket.sent[0]), { stream: "chat", payload: { text: "Hello" } });
});

test("the payload of a stream is an object: the server's demultiplexer takes nothing else", () => {
  const { bridge, socket } = connected();
  for (const wrong of ["Hello", 1, null, undefined, [1]])
    assert.throws(() => bridge.stream("chat").send(wrong), /payload of a stream is an object, as in stream\("chat"\)/);
  assert.deepEqual(socket.sent, []);
});

test("the event \"message\" has frames as they came, also those that are no JSON", () => {
  const { bridge, socket } = connected();
  const frames = [];
  bridge.addEventListener("message", ({ data, origin }) => frames.push(data, origin));
  socket.hears("not JSON");
  const bytes = new ArrayBuffer(2);
  socket.hears(bytes);
  bridge.listen(() => assert.fail("a binary frame is none of an object"));
  socket.hears(bytes);
  const origin = "wss://example.org";
  assert.deepEqual(frames, ["not JSON", origin, bytes, origin, bytes, origin]);
});

test("a frame that is no JSON is an error of its own, and the next one arrives", async () => {
  const { socket, heard } = listening();
  const errors = await reported(() => socket.hears("<html>"));
  assert.match(errors[0].message, /The server sent a frame that is not JSON/);
  socket.hears("1");
  assert.deepEqual(heard, [[1, null]]);
});

test("an error in a callback breaks nothing else", async () => {
  const { bridge, socket } = connected();
  bridge.listen(() => {
    throw new Error("mine");
  });
  const errors = await reported(() => socket.hears("1"));
  assert.equal(errors[0].message, "mine");
  assert.equal(bridge.isOpen, true);
});

test("callbacks must be functions", () => {
  const bridge = new WebSocketBridge();
  assert.throws(() => bridge.listen({}), /listen\(callback\): the callback is a function, not object/);
  assert.throws(() => bridge.demultiplex("chat"), /demultiplex\(stream, callback\): .* not undefined/);
  assert.equal(bridge.listen(), bridge);
});

test("the names of 1.x are there", () => {
  assert.equal(channels.WebSocketBridge, WebSocketBridge);
  const { bridge, socket } = connected();
  const callback = () => {};
  bridge.listen(callback).demultiplex("chat", callback);
  assert.equal(bridge.default_cb, callback);
  assert.equal(bridge.streams.chat, callback);
  const told = [];
  bridge.socket.onmessage = ({ data }) => told.push(data);
  bridge.socket.onclose = ({ code }) => told.push(code);
  const off = () => told.push("must not be");
  bridge.socket.addEventListener("close", off);
  bridge.socket.removeEventListener("close", off);
  bridge.addEventListener("close", off);
  bridge.removeEventListener("close", off);
  assert.equal(bridge.socket.url, socket.url);
  assert.equal(bridge.socket.readyState, 1);
  socket.protocol = "chat";
  socket.bufferedAmount = 7;
  assert.equal(bridge.socket.protocol, "chat");
  assert.equal(bridge.socket.bufferedAmount, 7);
  bridge.socket.binaryType = "arraybuffer";
  assert.equal(socket.binaryType, "arraybuffer");
  socket.hears("1");
  socket.goes();
  assert.deepEqual(told, ["1", 1006]);
  assert.equal(bridge.socket.readyState, 3);
  clock.tick(1000);
  assert.equal(latest().binaryType, "arraybuffer");
});
