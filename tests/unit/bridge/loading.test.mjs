/* The ways to load it, and whether its types say what it is. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";

const STATIC = new URL("../../../app/static/towpath/", import.meta.url);
const SCRIPT = readFileSync(new URL("websocketbridge.js", STATIC), "utf8");
const TYPES = readFileSync(new URL("websocketbridge.module.d.ts", STATIC), "utf8");

/** Run the plain script in a global scope of its own, with these names in it. */
function page(names = {}) {
  const scope = createContext({ Event, EventTarget, MessageEvent, AbortController, URL, ...names });
  runInContext(SCRIPT, scope);
  return scope;
}

test("a plain script makes the names of today and of 1.x, and no other", () => {
  const before = new Set(Object.keys(createContext({ Event, EventTarget, MessageEvent, AbortController, URL })));
  const scope = page();
  assert.deepEqual(Object.keys(scope).filter((name) => !before.has(name)), ["towpath", "channels"]);
  assert.deepEqual(Object.keys(scope.towpath), ["WebSocketBridge", "QueueFull"]);
  assert.equal(scope.channels.WebSocketBridge, scope.towpath.WebSocketBridge);
});

test("what a page calls towpath or channels stays", () => {
  const channels = ["news"];
  const scope = page({ towpath: { mine: 1 }, channels });
  assert.equal(scope.towpath.mine, 1);
  assert.equal(typeof scope.towpath.WebSocketBridge, "function");
  assert.equal(scope.channels, channels);
});

test("loaded twice it is one class", () => {
  const scope = page();
  const first = scope.towpath.WebSocketBridge;
  runInContext(SCRIPT, scope);
  assert.equal(scope.towpath.WebSocketBridge, first);
});

test("a module has the class of the script", async () => {
  const module = await import(new URL("websocketbridge.module.js", STATIC));
  assert.deepEqual(Object.keys(module).sort(), ["QueueFull", "WebSocketBridge"]);
  assert.equal(module.WebSocketBridge, globalThis.towpath.WebSocketBridge);
});

test("package.json names the files for bundlers and node", () => {
  const require = createRequire(new URL("anything.js", STATIC));
  assert.equal(require.resolve("towpath"), new URL("websocketbridge.module.js", STATIC).pathname);
  const { exports } = JSON.parse(readFileSync(new URL("package.json", STATIC), "utf8"));
  for (const { types, default: source } of Object.values(exports))
    for (const name of [types, source]) assert.ok(readFileSync(new URL(name, STATIC), "utf8").length > 0);
});

// The types: every name that is declared is there, and every name that is there is declared.

/** The members of an interface or a class in the declarations. */
function declared(kind, name) {
  const block = TYPES.match(new RegExp(`^export ${kind} ${name}\\b[^{]*\\{\\n(.*?)^\\}`, "ms"))[1];
  const members = block.matchAll(/^ {2}(?:readonly )?(\w+)(?:<[^(]*>)?\??[:(]/gm);
  return new Set([...members].map(([, member]) => member));
}

/** The members that an object has of its own and from its class. */
const members = (object) =>
  new Set([...Object.keys(object), ...Object.getOwnPropertyNames(Object.getPrototypeOf(object))]);

const bridge = new (page().towpath.WebSocketBridge)();

test("types name the members of the bridge", () => {
  assert.deepEqual([...declared("class", "WebSocketBridge")].sort(), [...members(bridge)].sort());
});

test("types name the members of the socket", () => {
  const inherited = ["addEventListener", "removeEventListener"]; // declared again for the types of events
  const own = [...members(bridge.socket)].filter((name) => name !== "constructor");
  assert.deepEqual([...declared("interface", "ReconnectingSocket")].sort(), [...own, ...inherited].sort());
});

test("types name the options", () => {
  assert.deepEqual([...declared("interface", "BridgeOptions")].sort(), Object.keys(bridge.options).sort());
});

test("types name the events", () => {
  const handlers = Object.keys(bridge.socket).map((name) => name.slice(2));
  assert.deepEqual([...declared("interface", "BridgeEventMap")].sort(), handlers.sort());
});

test("types tell the defaults of the options that are numbers", () => {
  const block = TYPES.match(/^export interface BridgeOptions \{\n(.*?)^\}/ms)[1];
  const matches = [...block.matchAll(/Default (\w+)\. \*\/\n {2}(\w+)\?: number/g)];
  const told = matches.map(([, value, name]) => [name, Number(value)]);
  const numbers = Object.entries(bridge.options).filter(([, value]) => typeof value === "number");
  assert.deepEqual(Object.fromEntries(told), Object.fromEntries(numbers));
});
