/* connect(): where to, what it promises, and what it refuses. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeSocket, WebSocketBridge, clock, connected, latest, settle, watched } from "./stage.mjs";

const ADDRESSES = [
  [undefined, "wss://example.org/"],
  [null, "wss://example.org/"],
  ["/stream/", "wss://example.org/stream/"],
  ["stream/?since=1", "wss://example.org/blog/one/stream/?since=1"],
  ["?since=1", "wss://example.org/blog/one/?since=1"],
  ["//elsewhere.org/x", "wss://elsewhere.org/x"],
  ["http://elsewhere.org:8000/x", "ws://elsewhere.org:8000/x"],
  ["https://elsewhere.org/x#part", "wss://elsewhere.org/x"],
  ["ws://elsewhere.org/x", "ws://elsewhere.org/x"],
  [new URL("wss://elsewhere.org/x"), "wss://elsewhere.org/x"],
];

for (const [given, expected] of ADDRESSES)
  test(`the address ${given} is ${expected}`, () => {
    new WebSocketBridge().connect(given);
    assert.deepEqual(latest().place, [expected]);
  });

test("a page without TLS is answered on ws:", () => {
  document.baseURI = "http://localhost:8000/";
  new WebSocketBridge().connect("/stream/");
  assert.equal(latest().url, "ws://localhost:8000/stream/");
});

test("in a worker the address of its script counts", () => {
  delete globalThis.document;
  globalThis.location = { href: "https://example.org/static/worker.js" };
  new WebSocketBridge().connect("/stream/");
  assert.equal(latest().url, "wss://example.org/stream/");
  delete globalThis.location;
});

test("an address that is none is refused at once, without what may be secret in it", () => {
  for (const wrong of ["ftp://example.org/x?token=secret", "http://[broken?token=secret"])
    assert.throws(() => new WebSocketBridge().connect(wrong), (error) => {
      assert.match(error.message, /is no address of a WebSocket: give a path/);
      assert.doesNotMatch(error.message, /secret/);
      return error.name === "SyntaxError";
    });
  assert.equal(FakeSocket.made.length, 0);
});

test("subprotocols are passed on only if there are any", () => {
  new WebSocketBridge().connect("/a/", ["bearer", "x"]);
  new WebSocketBridge().connect("/a/", "chat");
  new WebSocketBridge().connect("/a/", null);
  assert.deepEqual(FakeSocket.made.map(({ place }) => place.slice(1)), [[["bearer", "x"]], ["chat"], []]);
});

test("functions are asked for address and subprotocols before each attempt", async () => {
  let number = 0;
  const { bridge } = watched();
  bridge.connect(() => `/a/?try=${(number += 1)}`, async () => ["bearer", `token-${number}`]);
  await settle();
  latest().goes();
  clock.tick(1000);
  await settle();
  assert.deepEqual(FakeSocket.made.map(({ place }) => place), [
    ["wss://example.org/a/?try=1", ["bearer", "token-1"]],
    ["wss://example.org/a/?try=2", ["bearer", "token-2"]],
  ]);
});

test("a function that fails is a failed attempt, and asked again", async () => {
  const { bridge, told } = watched();
  const failure = new TypeError("offline");
  let answer = Promise.reject(failure);
  bridge.connect(() => answer);
  await settle();
  assert.deepEqual(told.types(), ["error", "close", "reconnecting"]);
  assert.equal(told.last("error").error, failure);
  assert.equal(told.last("close").reason, "offline");
  answer = "/a/";
  clock.tick(1000);
  await settle();
  assert.equal(latest().url, "wss://example.org/a/");
});

test("an answer that comes after close() opens nothing, and an error then is told to nobody", async () => {
  for (const answer of [async () => "/a/", () => Promise.reject(new Error("late"))]) {
    const { bridge, told } = watched();
    bridge.connect(answer);
    bridge.close();
    await settle();
    assert.equal(FakeSocket.made.length, 0);
    assert.deepEqual(told.types(), ["close", "end"]);
  }
});

test("the promise is kept when the first connection is open", async () => {
  const { bridge } = watched();
  const opened = bridge.connect("/a/");
  latest().goes();
  clock.tick(1000);
  latest().opens();
  await opened;
  assert.equal(bridge.isOpen, true);
});

test("the promise is broken if the bridge ends before, and nobody has to look", async () => {
  const { bridge } = watched();
  const opened = bridge.connect("/a/");
  latest().goes(4403, "no member");
  await settle(); // an unhandled rejection would fail this test
  await assert.rejects(opened, /ended \(4403, no member\) before it opened/);
});

test("a WebSocket that cannot be made is tried again", () => {
  const { bridge, told } = watched();
  FakeSocket.refuses = new Error("blocked");
  bridge.connect("/a/");
  assert.deepEqual(told.types(), ["error", "close", "reconnecting"]);
  FakeSocket.refuses = null;
  clock.tick(1000);
  latest().opens();
  assert.equal(bridge.isOpen, true);
});

for (const name of ["SyntaxError", "SecurityError"])
  test(`a WebSocket that never can be made (${name}) is given up, and said on the console`, (t) => {
    const complaint = t.mock.method(console, "error", () => {});
    const { bridge, told } = watched();
    FakeSocket.refuses = Object.assign(new Error("never"), { name });
    bridge.connect("/a/", "not a token");
    assert.deepEqual(told.types(), ["error", "close", "end"]);
    assert.equal(told.last("close").willReconnect, false);
    assert.equal(complaint.mock.callCount(), 1);
  });

test("connect() twice is an error that says what to do", () => {
  const { bridge } = connected();
  assert.throws(() => bridge.connect("/b/"), /is open, call close\(\) before connect\(\)/);
  bridge.close();
  bridge.connect("/b/");
  assert.equal(latest().url, "wss://example.org/b/");
});

test("options are checked", () => {
  assert.throws(() => new WebSocketBridge({ maxRetry: 3 }), /There is no option "maxRetry": there are .*maxRetries/);
  assert.throws(() => new WebSocketBridge({ maxRetries: "3" }), /maxRetries is a number from 0 up, not 3/);
  assert.throws(() => new WebSocketBridge({ minUptime: -1 }), /minUptime is a number from 0 up/);
  assert.throws(() => new WebSocketBridge({ stopCodes: 4404 }), /stopCodes is a list of close codes, or a function/);
  assert.throws(() => new WebSocketBridge().connect("/a/", undefined, { maxRetry: 3 }), /There is no option/);
});

test("options of connect() add to those of the constructor", () => {
  const bridge = new WebSocketBridge({ maxRetries: 3, minUptime: 1 });
  bridge.connect("/a/", undefined, { minUptime: 2 });
  assert.equal(bridge.options.maxRetries, 3);
  assert.equal(bridge.options.minUptime, 2);
});

test("another class can stand in for WebSocket", () => {
  class Other extends FakeSocket {}
  new WebSocketBridge({ constructor: Other }).connect("/a/");
  assert.ok(latest() instanceof Other);
});

test("debug writes each change of state, and no address", (t) => {
  const said = t.mock.method(console, "debug", () => {});
  connected({ debug: true }, "/a/?token=secret").bridge.close();
  const lines = said.mock.calls.map(({ arguments: [line] }) => line);
  assert.deepEqual(lines.map((line) => line.match(/towpath: (\w+)/)[1]), ["connecting", "open", "waiting", "ended"]);
  assert.doesNotMatch(lines.join(), /secret/);
});
