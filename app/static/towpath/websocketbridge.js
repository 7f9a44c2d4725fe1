/* JSON over a WebSocket that comes back by itself: `towpath.WebSocketBridge`, for pages and workers.

   A plain script, without a build step; websocketbridge.module.js gives the same class to ES modules.
   `ReconnectingSocket` knows the network: one WebSocket after another to the same place, and what waits to be sent.
   `WebSocketBridge` knows the frames: JSON, and which callback gets which stream.
   How to use them, and what each option means: docs/javascript.md and websocketbridge.module.d.ts. */

(() => {
  "use strict";

  if (globalThis.towpath?.WebSocketBridge) return; // loaded twice, as a script and by a module: one class for both

  const CONNECTING = 0; // readyState of a WebSocket, also where a browser has none
  const OPEN = 1;
  const CLOSED = 3;
  const NORMAL_CLOSURE = 1000; // close codes: RFC 6455, section 7.4
  const ABNORMAL_CLOSURE = 1006;
  const POLICY_VIOLATION = 1008;
  const MOST_REASON_BYTES = 123;
  const COMES_TO_ALL = [1012, 1013]; // the server restarts or is overloaded: everybody else is told the same now
  const RETRY_HINT = /retry after (\d+(?:\.\d+)?) s$/; // in the reason of 1012: this page's share of a spread

  const EVENTS = ["open", "message", "error", "close", "reconnecting", "end"];

  const DEFAULTS = {
    minReconnectionDelay: 1000, // ms from a lost connection to the first attempt; see `pauseMs`
    maxReconnectionDelay: 30000, // ms that the pauses grow to
    reconnectionDelayGrowFactor: 2,
    restartSpread: 5000, // ms over which pages come back after 1012 and 1013, on top of the pause; see `spreadMs`
    connectionTimeout: 10000, // ms that a connection may take to open
    minUptime: 5000, // ms after which a connection has worked, and its failed attempts are forgotten
    maxRetries: Infinity, // failed attempts in a row that are followed by another one
    maxQueuedMessages: 100,
    stopCodes: (code) => code === POLICY_VIOLATION || (code >= 4000 && code <= 4999),
    constructor: undefined, // a class like WebSocket, instead of it
    debug: false,
  };

  /** Thrown by `send()`: there is no connection, and as many messages wait as may. */
  class QueueFull extends Error {
    name = "QueueFull";

    constructor(limit) {
      super(`There is no connection, and ${limit} messages wait for one (maxQueuedMessages): this one was not taken.`);
      this.limit = limit;
    }
  }

  /** An event of a connection, with its fields as websocketbridge.module.d.ts lists them. */
  class ConnectionEvent extends Event {
    constructor(type, fields) {
      super(type);
      Object.assign(this, fields);
    }
  }

  /** A WebSocket that outlives its connections: the listeners stay, and what is sent between two of them waits. */
  class ReconnectingSocket extends EventTarget {
    #options;
    #state = "idle"; // -> connecting -> open -> waiting -> connecting ...; from these -> ended -> connecting
    #place = null; // { url, protocols }, as given
    #connection = null; // the present attempt or open connection: { native, timer, openedAt }
    #queue = [];
    #failures = 0; // attempts in a row that gave no lasting connection
    #hasOpened = false;
    #retry = 0; // timer of the next attempt
    #opening = null; // settles the promise of connect()
    #forgetWakeUps = null;
    #binaryType = "blob";

    constructor(options = {}) {
      super();
      this.#options = withDefaults(DEFAULTS, options);
      for (const type of EVENTS) {
        this[`on${type}`] = null;
        this.addEventListener(type, (event) => this[`on${type}`]?.(event));
      }
    }

    get options() { return this.#options; }
    get state() { return this.#state; }
    get isOpen() { return this.readyState === OPEN; }
    get queuedMessages() { return this.#queue.length; }
    get readyState() { return this.#connection ? (this.#connection.native?.readyState ?? CONNECTING) : CLOSED; }
    get url() { return this.#connection?.native?.url ?? ""; }
    get protocol() { return this.#connection?.native?.protocol ?? ""; }
    get bufferedAmount() { return this.#connection?.native?.bufferedAmount ?? 0; }
    get binaryType() { return this.#binaryType; }

    set binaryType(value) {
      this.#binaryType = value;
      if (this.#connection?.native) this.#connection.native.binaryType = value;
    }

    connect(url, protocols, options = {}) {
      if (this.#state !== "idle" && this.#state !== "ended")
        throw new Error(`This bridge is ${this.#state}, call close() before connect(); reconnect() keeps the address.`);
      if (typeof url !== "function") addressOf(url); // a wrong one is told here, not in every attempt
      this.#options = withDefaults(this.#options, options);
      this.#place = { url, protocols };
      this.#failures = 0;
      this.#hasOpened = false;
      this.#forgetWakeUps = onWakeUp(() => this.#state === "waiting" && this.#begin());
      const opened = new Promise((resolve, reject) => (this.#opening = { resolve, reject }));
      opened.catch(() => {}); // who does not wait for it is told by the event "end"
      this.#begin();
      return opened;
    }

    send(data) {
      if (this.#state === "ended") throw new Error("This bridge has ended: call connect() before send().");
      if (this.isOpen) {
        this.#connection.native.send(data);
        return true;
      }
      if (this.#queue.length >= this.#options.maxQueuedMessages) throw new QueueFull(this.#options.maxQueuedMessages);
      this.#queue.push(data);
      return false;
    }

    /** `keepClosed: false` is how 1.x asked for another connection. */
    close(code = NORMAL_CLOSURE, reason = "", { keepClosed = true, delay = 0 } = {}) {
      if (!isOurs(code)) throw new RangeError(`A page closes with 1000 or a code from 3000 to 4999, not ${code}.`);
      if (new TextEncoder().encode(reason).length > MOST_REASON_BYTES)
        throw new RangeError(`The reason of a close has at most ${MOST_REASON_BYTES} bytes: "${reason}" has more.`);
      if (!keepClosed) return this.#renew({ code, reason, delay });
      if (this.#state === "idle" || this.#state === "ended") return;
      const isUndecided = this.#drop({ code, reason, wasClean: true, willReconnect: false });
      if (isUndecided) this.#end({ code, reason, wasClean: true });
    }

    reconnect() {
      this.#renew({ code: NORMAL_CLOSURE, reason: "", delay: 0 });
    }

    // One attempt, or one open connection.

    #renew({ code, reason, delay }) {
      if (this.#state === "idle" || this.#state === "ended")
        throw new Error(`This bridge is ${this.#state}, there is nothing to come back to: call connect().`);
      this.#failures = 0;
      if (!this.#drop({ code, reason, wasClean: true, willReconnect: true })) return;
      if (delay) this.#wait(code, delay);
      else this.#begin();
    }

    #begin() {
      clearTimeout(this.#retry);
      const { connectionTimeout } = this.#options;
      const connection = (this.#connection = { native: null, timer: 0, openedAt: null });
      const late = { code: ABNORMAL_CLOSURE, reason: `not open after ${connectionTimeout} ms`, wasClean: false };
      connection.timer = setTimeout(() => this.#lost(connection, late), connectionTimeout);
      this.#enter("connecting");
      const { url, protocols } = this.#place;
      if (typeof url !== "function" && typeof protocols !== "function") return this.#dial(connection, url, protocols);
      Promise.all([url, protocols].map(async (each) => (typeof each === "function" ? each() : each))).then(
        (place) => this.#dial(connection, ...place),
        (error) => this.#failed(connection, error),
      );
    }

    #dial(connection, url, protocols) {
      if (this.#connection !== connection) return; // closed, or too late
      const Native = this.#options.constructor ?? globalThis.WebSocket;
      let native;
      try {
        // `protocols` only if there are any: else browsers take undefined or null for the name of one.
        native = new Native(addressOf(url), ...(protocols == null ? [] : [protocols]));
      } catch (error) {
        return this.#failed(connection, error, error.name === "SyntaxError" || error.name === "SecurityError");
      }
      connection.native = native;
      native.binaryType = this.#binaryType;
      const whilePresent = (react) => (event) => this.#connection === connection && react(event);
      native.onopen = whilePresent(() => this.#opened(connection));
      native.onmessage = whilePresent(({ data, origin }) => {
        this.dispatchEvent(new MessageEvent("message", { data, origin }));
      });
      native.onerror = whilePresent(() => this.#tell("error", { error: null }));
      native.onclose = whilePresent((event) => this.#lost(connection, event));
    }

    /** What listeners of "open" send goes first: it may be what makes the rest welcome. */
    #opened(connection) {
      clearTimeout(connection.timer);
      connection.openedAt = performance.now();
      const isReconnect = this.#hasOpened;
      this.#hasOpened = true;
      this.#enter("open");
      this.#tell("open", { isReconnect });
      while (this.#queue.length && this.#connection === connection && this.isOpen)
        connection.native.send(this.#queue.shift());
      this.#opening.resolve();
    }

    /** No WebSocket could be made; `isFinal` if none ever will with these arguments. */
    #failed(connection, error, isFinal = false) {
      if (this.#connection !== connection) return;
      if (isFinal) console.error("towpath: connecting is given up:", error);
      this.#tell("error", { error });
      const reason = String(error?.message ?? error);
      this.#lost(connection, { code: ABNORMAL_CLOSURE, reason, wasClean: false }, isFinal);
    }

    #lost(connection, { code, reason, wasClean }, isFinal = false) {
      if (this.#connection !== connection) return; // a listener has closed it already
      const { minUptime, maxRetries, stopCodes } = this.#options;
      if (connection.openedAt !== null && performance.now() - connection.openedAt >= minUptime) this.#failures = 0;
      this.#failures += 1;
      const isWelcome = typeof stopCodes === "function" ? !stopCodes(code, reason) : !stopCodes.includes(code);
      const willReconnect = !isFinal && isWelcome && this.#failures <= maxRetries;
      if (!this.#drop({ code, reason, wasClean, willReconnect })) return;
      if (willReconnect) this.#wait(code, pauseMs(this.#failures, this.#options) + spreadMs(code, reason, this.#options));
      else this.#end({ code, reason, wasClean });
    }

    /** Let go of the connection, if there is one; false if a listener of "close" has decided what comes next. */
    #drop(fields) {
      clearTimeout(this.#retry);
      const connection = this.#connection;
      this.#connection = null;
      this.#enter("waiting");
      if (connection === null) return true;
      clearTimeout(connection.timer);
      connection.native?.close(...(isOurs(fields.code) ? [fields.code, fields.reason] : [])); // most are closed already
      const retry = this.#retry;
      this.#tell("close", fields);
      return this.#state === "waiting" && this.#retry === retry;
    }

    #wait(code, delay) {
      this.#retry = setTimeout(() => this.#begin(), delay);
      this.#tell("reconnecting", { attempt: this.#failures, delay, code });
    }

    #end({ code, reason, wasClean }) {
      this.#enter("ended");
      this.#forgetWakeUps();
      const unsent = this.#queue.splice(0);
      const why = reason ? `${code}, ${reason}` : code;
      this.#opening.reject(new Error(`The connection has ended (${why}) before it opened.`));
      this.#tell("end", { code, reason, wasClean, unsent });
    }

    #enter(state) {
      this.#state = state;
      if (this.#options.debug)
        console.debug(`towpath: ${state}, ${this.#failures} failures, ${this.#queue.length} queued`);
    }

    #tell(type, fields) {
      this.dispatchEvent(new ConnectionEvent(type, fields));
    }
  }

  /** What 1.x calls a bridge: JSON objects to and from a consumer, or several consumers behind a demultiplexer. */
  class WebSocketBridge {
    #strangers = new Set(); // streams that were warned of

    constructor(options = {}) {
      this.socket = new ReconnectingSocket(options);
      this.streams = Object.create(null); // stream -> its callback
      this.default_cb = null;
      this.socket.addEventListener("message", ({ data }) => this.#hear(data));
    }

    get options() { return this.socket.options; }
    get state() { return this.socket.state; }
    get isOpen() { return this.socket.isOpen; }
    get queuedMessages() { return this.socket.queuedMessages; }

    connect(url, protocols, options) {
      return this.socket.connect(url, protocols, options);
    }

    listen(callback = null) {
      this.default_cb = callback === null ? null : callable(callback, "listen(callback)");
      return this;
    }

    demultiplex(stream, callback) {
      this.streams[stream] = callable(callback, "demultiplex(stream, callback)");
      return this;
    }

    send(message) {
      const text = JSON.stringify(message);
      if (text === undefined) throw new TypeError(`send() takes what JSON can say, not ${typeof message}.`);
      return this.socket.send(text);
    }

    stream(name) {
      return {
        send: (payload) => {
          if (typeof payload !== "object" || payload === null || Array.isArray(payload))
            throw new TypeError('The payload of a stream is an object, as in stream("chat").send({ text: "Hello" }).');
          return this.send({ stream: name, payload });
        },
      };
    }

    close(code, reason) {
      this.socket.close(code, reason);
    }

    reconnect() {
      this.socket.reconnect();
    }

    addEventListener(...listener) {
      this.socket.addEventListener(...listener);
    }

    removeEventListener(...listener) {
      this.socket.removeEventListener(...listener);
    }

    /** A page that never asked for objects, or gets a binary frame, has it from the event "message". */
    #hear(data) {
      const hasListeners = this.default_cb !== null || Object.keys(this.streams).length > 0;
      if (typeof data !== "string" || !hasListeners) return;
      const frame = parsed(data);
      const stream = frame?.stream;
      if (stream === undefined) this.default_cb?.(frame, null);
      else if (this.streams[stream]) this.streams[stream](frame.payload, stream);
      else if (!this.#strangers.has(stream)) {
        this.#strangers.add(stream);
        console.warn(`towpath: frames of the stream "${stream}" are dropped, demultiplex() was not told of it`);
      }
    }
  }

  /** Return the pause before an attempt: it grows to a cap, and half of it is random. */
  function pauseMs(failures, { minReconnectionDelay, maxReconnectionDelay, reconnectionDelayGrowFactor }) {
    const grown = Math.min(maxReconnectionDelay, minReconnectionDelay * reconnectionDelayGrowFactor ** (failures - 1));
    return grown * (0.5 + Math.random() / 2);
  }

  /** Return what follows a pause after a close that all pages get: the server's hint, or a random part of a spread. */
  function spreadMs(code, reason, { restartSpread, maxReconnectionDelay }) {
    if (!COMES_TO_ALL.includes(code)) return 0;
    const hint = RETRY_HINT.exec(reason);
    if (hint === null) return restartSpread * Math.random();
    const asked = Number(hint[1]) * 1000;
    return asked <= maxReconnectionDelay ? asked : maxReconnectionDelay * Math.random();
  }

  /** Return the address as a WebSocket wants it: absolute, ws: for http: and wss: for https:, without a fragment. */
  function addressOf(url) {
    const page = globalThis.document?.baseURI ?? globalThis.location?.href;
    let address = null;
    try {
      address = new URL(url ?? "/", page);
    } catch {
      // said below
    }
    if (address?.protocol === "http:") address.protocol = "ws:";
    if (address?.protocol === "https:") address.protocol = "wss:";
    if (address?.protocol !== "ws:" && address?.protocol !== "wss:") {
      const shown = String(url).split("?")[0]; // a query may hold a token
      throw new SyntaxError(`"${shown}" is no address of a WebSocket: give a path, "/chat/", or wss://... or ws://...`);
    }
    address.hash = "";
    return address.href;
  }

  /** Return all options; a wrong name or value is an error. */
  function withDefaults(defaults, given) {
    for (const [name, value] of Object.entries(given)) {
      if (!Object.hasOwn(DEFAULTS, name))
        throw new TypeError(`There is no option "${name}": there are ${Object.keys(DEFAULTS).join(", ")}.`);
      if (typeof DEFAULTS[name] === "number" && !(typeof value === "number" && value >= 0))
        throw new TypeError(`The option ${name} is a number from 0 up, not ${value}.`);
    }
    if (Object.hasOwn(given, "stopCodes") && typeof given.stopCodes !== "function" && !Array.isArray(given.stopCodes))
      throw new TypeError("The option stopCodes is a list of close codes, or a function (code, reason) => boolean.");
    return { ...defaults, ...given };
  }

  function callable(value, where) {
    if (typeof value !== "function") throw new TypeError(`${where}: the callback is a function, not ${typeof value}.`);
    return value;
  }

  /** Call back when an attempt is worth making at once: the network is there again, or somebody looks at the page. */
  function onWakeUp(callback) {
    const wanted = new AbortController();
    const listener = { signal: wanted.signal };
    globalThis.addEventListener?.("online", callback, listener);
    globalThis.addEventListener?.("pageshow", (event) => event.persisted && callback(), listener);
    const page = globalThis.document;
    page?.addEventListener("visibilitychange", () => page.hidden || callback(), listener);
    return () => wanted.abort();
  }

  /** Tell whether a page may close with this code. */
  function isOurs(code) {
    return code === NORMAL_CLOSURE || (code >= 3000 && code <= 4999);
  }

  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new SyntaxError('The server sent a frame that is not JSON; the event "message" has it.', { cause: error });
    }
  }

  globalThis.towpath = Object.assign(globalThis.towpath ?? {}, { WebSocketBridge, QueueFull });
  globalThis.channels ??= { WebSocketBridge }; // the name of Channels 1.x
})();
