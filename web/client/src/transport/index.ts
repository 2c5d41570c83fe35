/** The transports by name. */

import type { Connect } from "./connection.ts";
import { connectJson } from "./json.ts";
import { lazy } from "./lazy.ts";
import { connectSocketIo } from "./socketio.ts";

export type TransportName = "json" | "msgpack" | "socketio";

export const TRANSPORTS: Readonly<Record<TransportName, Connect>> = {
  json: connectJson,
  msgpack: lazy("msgpack", async () => (await import("./msgpack.ts")).connectMsgpack),
  socketio: connectSocketIo,
};
