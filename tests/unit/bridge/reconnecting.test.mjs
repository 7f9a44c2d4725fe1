/* Coming back: when, how often, and after which close codes not at all. */

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { FakeSocket, browserWindow, clock, connected, latest, watched } from "./stage.mjs";

/** The pauses of so many attempts that fail one after another, in ms. */
function pauses(count, bridgeAndTold, code) {
  for (let number = 0; number < count; number += 1) {
    latest().goes(code);
    clock.tick(bridgeAndTold.told.last("reconnecting").delay);
  }
  return bridgeAndTold.told.filter(([type]) => type === "reconnecting").map(([, { delay }]) => delay);
}

test("a lost connection is made again, after a pause", () => {
  const { bridge, told, socket } = connected();
  clock.tick(5000);
  socket.goes();
  assert.equal(bridge.state, "waiting");
  assert.equal(bridge.isOpen, false);
  clock.tick(999);
  assert.equal(FakeSocket.made.length, 1);
  clock.tick(1);
  assert.equal(FakeSocket.made.length, 2);
  assert.equal(bridge.state, "connecting");
  latest().opens();
  assert.deepEqual(told.types(), ["open", "error", "close", "reconnecting", "open"]);
  assert.deepEqual(told[2], ["close", { code: 1006, reason: "", wasClean: false, willReconnect: true }]);
  assert.deepEqual(told[3], ["reconnecting", { attempt: 1, delay: 1000, code: 1006 }]);
  assert.deepEqual(told[0], ["open", { isReconnect: false }]);
  assert.deepEqual(told[4], ["open", { isReconnect: true }]);
});

test("pauses grow to a cap", () => {
  const one = watched();
  one.bridge.connect("/a/");
  assert.deepEqual(pauses(8, one), [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

test("after a thousand failures the pause is still the cap", () => {
  const one = watched();
  one.bridge.connect("/a/");
  assert.equal(pauses(1100, one).at(-1), 30000);
});

test("pauses are as the options say", () => {
  const one = watched({ minReconnectionDelay: 10, maxReconnectionDelay: 50, reconnectionDelayGrowFactor: 1.5 });
  one.bridge.connect("/a/");
  assert.deepEqual(pauses(6, one), [10, 15, 22.5, 33.75, 50, 50]);
});

test("half of a pause is random", () => {
  Math.random = () => 0;
  const one = watched();
  one.bridge.connect("/a/");
  assert.deepEqual(pauses(3, one), [500, 1000, 2000]);
});

for (const code of [1012, 1013])
  test(`after ${code}, which all pages get, they come back over a longer time`, () => {
    Math.random = () => 1;
    const { told, socket } = connected();
    socket.goes(code);
    assert.equal(told.last("reconnecting").delay, 1000 + 5000);
    Math.random = () => 0;
    const quick = connected({ restartSpread: 0 });
    quick.socket.goes(code);
    assert.equal(quick.told.last("reconnecting").delay, 500);
  });

test("a server that drains says when each page comes back", () => {
  Math.random = () => 1;
  const { told, socket } = connected();
  socket.goes(1012, "server restart, retry after 3.25 s");
  assert.equal(told.last("reconnecting").delay, 1000 + 3250);
});

test("a hint that is longer than the longest pause is spread over that", () => {
  Math.random = () => 0.5;
  const { told, socket } = connected({ maxReconnectionDelay: 8000 });
  socket.goes(1012, "server restart, retry after 90.00 s");
  assert.equal(told.last("reconnecting").delay, 750 + 4000);
});

for (const [code, reason] of [[1006, "retry after 3.25 s"], [1000, "retry after 3.25 s"]])
  test(`a hint counts after codes that all pages get, and not after ${code}`, () => {
    Math.random = () => 1;
    const { told, socket } = connected();
    socket.goes(code, reason);
    assert.equal(told.last("reconnecting").delay, 1000);
  });

test("a connection that was open for some time makes the next pause short again", () => {
  const one = watched();
  one.bridge.connect("/a/");
  pauses(4, one);
  latest().opens();
  clock.tick(5000);
  latest().goes();
  assert.deepEqual(one.told.last("reconnecting"), { attempt: 1, delay: 1000, code: 1006 });
});

test("a connection that is lost as soon as it opens does not", () => {
  const one = watched();
  one.bridge.connect("/a/");
  pauses(4, one);
  latest().opens();
  clock.tick(4999);
  latest().goes(1000);
  assert.deepEqual(one.told.last("reconnecting"), { attempt: 5, delay: 16000, code: 1000 });
});

test("an attempt that does not open in time is given up, and its late opening ignored", () => {
  const { bridge, told } = watched();
  bridge.connect("/a/");
  const slow = latest();
  clock.tick(10000);
  assert.equal(slow.readyState, 2);
  assert.equal(told.last("close").reason, "not open after 10000 ms");
  clock.tick(1000);
  slow.opens();
  assert.equal(bridge.state, "connecting");
  latest().opens();
  slow.hears("{}");
  slow.goes();
  assert.deepEqual(told.types(), ["close", "reconnecting", "open"]);
});

test("a connection that is open stays open", () => {
  const { bridge, told } = connected();
  clock.tick(1e6);
  assert.equal(bridge.isOpen, true);
  assert.deepEqual(told.types(), ["open"]);
});

test("attempts end after maxRetries", () => {
  const one = watched({ maxRetries: 2 });
  one.bridge.connect("/a/");
  pauses(2, one);
  latest().goes();
  assert.equal(one.told.last("close").willReconnect, false);
  assert.deepEqual(one.told.last("end"), { code: 1006, reason: "", wasClean: false, unsent: [] });
  assert.equal(one.bridge.state, "ended");
  clock.tick(1e6);
  assert.equal(FakeSocket.made.length, 3);
});

for (const code of [1008, 4000, 4404, 4999])
  test(`${code} is a refusal: it stays closed`, () => {
    const { bridge, told, socket } = connected();
    socket.goes(code, "no");
    assert.deepEqual(told.slice(-2), [
      ["close", { code, reason: "no", wasClean: true, willReconnect: false }],
      ["end", { code, reason: "no", wasClean: true, unsent: [] }],
    ]);
    assert.equal(bridge.state, "ended");
    assert.equal(clock.timers.size, 0);
  });

for (const code of [1000, 1001, 1006, 1009, 1011, 1012, 1013, 3000, 3999])
  test(`${code} is none: it comes back`, () => {
    const { told, socket } = connected();
    socket.goes(code);
    assert.equal(told.last("close").willReconnect, true);
  });

test("stopCodes can be a list", () => {
  connected({ stopCodes: [1000] }).socket.goes(4404);
  assert.equal(clock.timers.size, 1);
  const { bridge, socket } = connected({ stopCodes: [1000] });
  socket.goes(1000);
  assert.equal(bridge.state, "ended");
});

test("stopCodes can be a function of code and reason", () => {
  const stopCodes = (code, reason) => code === 4000 && reason === "for good";
  connected({ stopCodes }).socket.goes(4000, "for now");
  assert.equal(clock.timers.size, 1);
  const { bridge, socket } = connected({ stopCodes });
  socket.goes(4000, "for good");
  assert.equal(bridge.state, "ended");
});

const WAKE_UPS = {
  "the network is back": () => dispatchEvent(new Event("online")),
  "the page comes out of the browser's cache": () =>
    dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true })),
  "somebody looks at the page": () => document.dispatchEvent(new Event("visibilitychange")),
};

for (const [name, wakeUp] of Object.entries(WAKE_UPS))
  test(`an attempt is made at once when ${name}`, () => {
    const { bridge, socket } = connected();
    wakeUp();
    assert.equal(FakeSocket.made.length, 1, "there is a connection, nothing to wake up");
    socket.goes();
    wakeUp();
    assert.equal(FakeSocket.made.length, 2);
    wakeUp();
    clock.tick(1000);
    assert.equal(FakeSocket.made.length, 2, "one attempt at a time");
    bridge.close();
    wakeUp();
    assert.equal(FakeSocket.made.length, 2, "an ended bridge sleeps");
    for (const type of ["online", "pageshow"]) assert.deepEqual(getEventListeners(browserWindow(), type), []);
    assert.deepEqual(getEventListeners(document, "visibilitychange"), []);
  });

test("a page that goes out of sight is no reason for an attempt", () => {
  connected().socket.goes();
  document.hidden = true;
  document.dispatchEvent(new Event("visibilitychange"));
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  assert.equal(FakeSocket.made.length, 1);
});

test("reconnect() gives up the connection for a new one, without a pause", () => {
  const { bridge, told, socket } = connected();
  bridge.reconnect();
  assert.deepEqual(socket.closedWith, [1000, ""]);
  assert.equal(FakeSocket.made.length, 2);
  socket.goes(1000);
  latest().opens();
  assert.deepEqual(told.types(), ["open", "close", "open"]);
  assert.deepEqual(told.last("close"), { code: 1000, reason: "", wasClean: true, willReconnect: true });
});

test("reconnect() and connect() forget the failures before them", () => {
  const one = watched();
  one.bridge.connect("/a/");
  pauses(4, one);
  one.bridge.reconnect();
  latest().goes();
  assert.equal(one.told.last("reconnecting").attempt, 1);
  latest().opens();
  pauses(2, one);
  one.bridge.close();
  one.bridge.connect("/b/");
  latest().goes();
  assert.equal(one.told.last("reconnecting").attempt, 1);
  one.bridge.reconnect();
  latest().opens();
  assert.equal(one.told.last("open").isReconnect, false);
});

test("reconnect() ends a pause", () => {
  const { bridge, socket } = connected();
  socket.goes();
  bridge.reconnect();
  clock.tick(5000);
  assert.equal(FakeSocket.made.length, 2);
});

test("reconnect() without connect() is an error that says what to do", () => {
  const { bridge } = watched();
  assert.throws(() => bridge.reconnect(), /is idle, there is nothing to come back to: call connect\(\)/);
  bridge.connect("/a/");
  bridge.close();
  assert.throws(() => bridge.reconnect(), /is ended/);
});
