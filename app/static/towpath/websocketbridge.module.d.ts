/** Types of `towpath.WebSocketBridge`, and what each option and event means. */

/** A path, an absolute address (http: becomes ws:, https: becomes wss:), or null for the root of the page's host. */
export type Address = string | URL | null;

/** A value, or a function that is asked for it before each attempt: for an address that changes, or a fresh token. */
export type Asked<Value> = Value | (() => Value | Promise<Value>);

export interface BridgeOptions {
  /** Milliseconds from a lost connection to the first attempt; of each pause, up to half is taken off. Default 1000. */
  minReconnectionDelay?: number;
  /** Milliseconds that the pauses grow to. Default 30000. */
  maxReconnectionDelay?: number;
  /** By how much each pause is longer than the one before. Default 2. */
  reconnectionDelayGrowFactor?: number;
  /** After the close codes 1012 and 1013, a random part of so many milliseconds is added to the pause, unless the server
      has said in its reason after how many seconds this page is to come back. Default 5000. */
  restartSpread?: number;
  /** Milliseconds that a connection may take to open. Default 10000. */
  connectionTimeout?: number;
  /** Milliseconds after which an open connection has worked: the next pause is short again. Default 5000. */
  minUptime?: number;
  /** How many failed attempts in a row are followed by another one. Default Infinity. */
  maxRetries?: number;
  /** How many messages wait while there is no connection; one more throws `QueueFull`. Default 100. */
  maxQueuedMessages?: number;
  /** The close codes after which the bridge does not come back. Default 1008 and 4000 to 4999. */
  stopCodes?: readonly number[] | ((code: number, reason: string) => boolean);
  /** A class like WebSocket, to be used instead of it. (Function: every object has this key, says TypeScript.) */
  constructor?: Function;
  /** Whether each change of state is written with console.debug. Default false. */
  debug?: boolean;
}

/** idle: `connect()` was not called; waiting: for the next attempt; ended: there will be none. */
export type BridgeState = "idle" | "connecting" | "open" | "waiting" | "ended";

/** A connection has opened. What its listeners send goes before what has waited. */
export interface OpenEvent extends Event {
  /** Whether it is not the first one since `connect()`. */
  readonly isReconnect: boolean;
}

/** An attempt failed; a "close" follows. */
export interface ErrorEvent extends Event {
  /** What was thrown, by WebSocket or by a function that was asked; null where the browser does not say. */
  readonly error: unknown;
}

/** A connection was lost or an attempt failed. */
export interface CloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  readonly willReconnect: boolean;
}

/** A pause before an attempt begins. */
export interface ReconnectingEvent extends Event {
  /** 1 for the first attempt after a connection that has worked; 0 if the page asked for it. */
  readonly attempt: number;
  /** Milliseconds. */
  readonly delay: number;
  /** The close code that led here. */
  readonly code: number;
}

/** There will be no other attempt: `close()` was called, a code of `stopCodes` came, or `maxRetries` are used up. */
export interface EndEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** What waited and is given up, oldest first, as it would have been sent. */
  readonly unsent: readonly Frame[];
}

export interface BridgeEventMap {
  open: OpenEvent;
  /** A frame as it came. */
  message: MessageEvent;
  error: ErrorEvent;
  close: CloseEvent;
  reconnecting: ReconnectingEvent;
  end: EndEvent;
}

export type Frame = string | ArrayBufferLike | ArrayBufferView | Blob;

type Listener<Type extends keyof BridgeEventMap> =
  | ((event: BridgeEventMap[Type]) => unknown)
  | { handleEvent(event: BridgeEventMap[Type]): unknown };

/** A WebSocket that outlives its connections: the listeners stay, and what is sent between two of them waits. */
export interface ReconnectingSocket extends EventTarget {
  readonly options: Readonly<BridgeOptions>;
  readonly state: BridgeState;
  /** Whether what is sent now leaves now. */
  readonly isOpen: boolean;
  readonly queuedMessages: number;
  /** Of the present connection; CLOSED (3) between two of them. */
  readonly readyState: number;
  readonly url: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  binaryType: BinaryType;
  onopen: ((event: OpenEvent) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onerror: ((event: ErrorEvent) => unknown) | null;
  onclose: ((event: CloseEvent) => unknown) | null;
  onreconnecting: ((event: ReconnectingEvent) => unknown) | null;
  onend: ((event: EndEvent) => unknown) | null;
  connect(url?: Asked<Address>, protocols?: Asked<string | string[] | null>, options?: BridgeOptions): Promise<void>;
  /** Send a frame as it is; the result and the errors are those of the bridge's `send`. */
  send(data: Frame): boolean;
  /** As the bridge's `close`; `keepClosed: false` comes back, after `delay` milliseconds. */
  close(code?: number, reason?: string, options?: { keepClosed?: boolean; delay?: number }): void;
  reconnect(): void;
  addEventListener<Type extends keyof BridgeEventMap>(
    type: Type,
    listener: Listener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof BridgeEventMap>(
    type: Type,
    listener: Listener<Type> | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** JSON objects to and from a consumer, or several consumers behind a demultiplexer. */
export class WebSocketBridge {
  /** Throws TypeError for an option that does not exist or has a wrong value. */
  constructor(options?: BridgeOptions);
  /** The network below: raw frames and events, with the fields of a WebSocket. */
  readonly socket: ReconnectingSocket;
  /** Stream -> its callback. */
  readonly streams: Record<string, (payload: any, stream: string) => unknown>;
  default_cb: ((message: any, stream: null) => unknown) | null;
  readonly options: Readonly<BridgeOptions>;
  readonly state: BridgeState;
  /** Whether what is sent now leaves now. */
  readonly isOpen: boolean;
  readonly queuedMessages: number;

  /**
   * Connect, and come back whenever the connection is lost. Options add to those of the constructor.
   *
   * The promise is fulfilled when the first connection is open, and rejected if the bridge ends before. Nobody has to
   * wait for it: the events tell the same. Throws SyntaxError for a wrong address, Error if connected already.
   */
  connect(url?: Asked<Address>, protocols?: Asked<string | string[] | null>, options?: BridgeOptions): Promise<void>;

  /** Hand each frame without a stream to `callback`; without one, to nobody. */
  listen(callback?: ((message: any, stream: null) => unknown) | null): this;

  /** Hand the payload of each frame of a stream to `callback`. */
  demultiplex(stream: string, callback: (payload: any, stream: string) => unknown): this;

  /**
   * Send a value as JSON: at once (true), or as soon as there is a connection (false).
   *
   * Throws `QueueFull` if there is none and too many wait, Error after the end, TypeError for what JSON cannot say.
   */
  send(message: unknown): boolean;

  /** What is sent to a stream goes to its consumer behind the server's demultiplexer. */
  stream(name: string): { send(payload: object): boolean };

  /** Close and stay closed. Throws RangeError for a code that pages may not use, or a reason of over 123 bytes. */
  close(code?: number, reason?: string): void;

  /** Give up the present connection and connect again at once, say after a login. Throws Error if not connected. */
  reconnect(): void;

  addEventListener<Type extends keyof BridgeEventMap>(
    type: Type,
    listener: Listener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof BridgeEventMap>(
    type: Type,
    listener: Listener<Type> | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** Thrown by `send()`: there is no connection, and as many messages wait as may. */
export class QueueFull extends Error {
  constructor(limit: number);
  readonly limit: number;
}
