/** Types of the plain script, which makes global names: `/// <reference path=".../towpath/websocketbridge.d.ts" />`. */

import type * as bridge from "./websocketbridge.module.js";

declare global {
  var towpath: { WebSocketBridge: typeof bridge.WebSocketBridge; QueueFull: typeof bridge.QueueFull };
}
