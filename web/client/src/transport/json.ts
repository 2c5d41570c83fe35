/** Messages as JSON text frames. */

import { SUBPROTOCOL_JSON } from "../protocol.ts";
import { webSocket } from "./websocket.ts";

export const connectJson = webSocket({
  subprotocol: SUBPROTOCOL_JSON,
  encode: (message) => JSON.stringify(message),
  decode: (frame) => JSON.parse(typeof frame === "string" ? frame : new TextDecoder().decode(frame)),
});
