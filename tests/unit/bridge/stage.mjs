/* What stands in for a browser: its clock, its network, its window. Nothing here waits for real time. */

import { beforeEach } from "node:test";

import "../../../app/static/towpath/websocketbridge.js";

export const { WebSocketBridge, QueueFull } = globalThis.towpath;

/** A WebSocket whose other end is the test; `FakeSocket.made` has all of them, oldest first. */
export class FakeSocket {
  static made = [];
  static refuses = null; // what the constructor throws

  readyState = 0;
  bufferedAmount = 0;
  sent = [];
  closedWith = null;

  constructor(...place) {
    if (FakeSocket.refuses) throw FakeSocket.refuses;
    [this.url, this.protocol = ""] = place;
    this.place = place;
    FakeSocket.made.push(this);
  }

  send(data) {
    if (this.readyState === 0) throw new Error("not open");
    if (this.readyState === 1) this.sent.push(data); // else it is lost, as in a browser
  }

  /** The page closes: a browser tells so later, here never. */
  close(...closing) {
    if (this.readyState >= 2) return;
    this.closedWith = closing;
    this.readyState = 2;
  }

  opens() {
    this.readyState = 1;
    this.onopen({});
  }

  hears(data) {
    this.onmessage({ data, origin: "wss://example.org" });
  }

  /** The connection goes, as with 1006 if nobody says why. */
  goes(code = 1006, reason = "") {
    this.readyState = 3;
    if (code === 1006) this.onerror({});
    this.onclose({ code, reason, wasClean: code !== 1006 });
  }
}

/** Time that passes when a test says so. */
export const clock = {
  now: 0,
  timers: new Map(),
  lastId: 0,
  tick(ms) {
    for (const end = this.now + ms; ; ) {
      const next = [...this.timers].sort(([, a], [, b]) => a.due - b.due).find(([, { due }]) => due <= end);
      if (!next) return void (this.now = end);
      this.now = next[1].due;
      this.timers.delete(next[0]);
      next[1].callback();
    }
  },
};

globalThis.setTimeout = (callback, ms) => {
  clock.timers.set((clock.lastId += 1), { due: clock.now + ms, callback });
  return clock.lastId;
};
globalThis.clearTimeout = (id) => clock.timers.delete(id);
Object.defineProperty(globalThis, "performance", { value: { now: () => clock.now }, configurable: true });

let theWindow = null;
/** Who has the listeners of `globalThis`. */
export const browserWindow = () => theWindow;

beforeEach(() => {
  FakeSocket.made = [];
  FakeSocket.refuses = null;
  clock.timers.clear();
  globalThis.WebSocket = FakeSocket;
  Math.random = () => 1; // the longest pause
  const fresh = (theWindow = new EventTarget());
  globalThis.addEventListener = fresh.addEventListener.bind(fresh);
  globalThis.dispatchEvent = fresh.dispatchEvent.bind(fresh);
  const baseURI = "https://example.org/blog/one/?page=2#top";
  globalThis.document = Object.assign(new EventTarget(), { hidden: false, baseURI });
});

/** The latest WebSocket. */
export const latest = () => FakeSocket.made.at(-1);

/** A bridge that has connected, its open WebSocket, and what it tells. */
export function connected(options = {}, url = "/stream/") {
  const { bridge, told } = watched(options);
  bridge.connect(url);
  latest().opens();
  return { bridge, told, socket: latest() };
}

/** A bridge, and the events that it tells: [[type, fields], ...]. */
export function watched(options = {}) {
  const bridge = new WebSocketBridge(options);
  const told = [];
  for (const type of ["open", "error", "close", "reconnecting", "end"])
    bridge.addEventListener(type, (event) => told.push([type, fieldsOf(event)]));
  told.types = () => told.map(([type]) => type);
  told.last = (type) => told.findLast(([each]) => each === type)?.[1];
  return { bridge, told };
}

function fieldsOf(event) {
  return Object.fromEntries(Object.entries(event).filter(([name]) => name !== "isTrusted"));
}

/** Let promises that can go on go on. */
export const settle = () => new Promise((resume) => setImmediate(resume));
