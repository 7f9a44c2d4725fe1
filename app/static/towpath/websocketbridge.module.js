/* `import { WebSocketBridge } from ".../towpath/websocketbridge.module.js"`: the class of the plain script beside this
   file, which runs here as a module does. It is named .js, for some web servers do not serve .mjs as JavaScript. */

import "./websocketbridge.js";

export const { WebSocketBridge, QueueFull } = globalThis.towpath;
