/** The transports by name. */

import type { Connect } from "./connection.ts";
import { connectJson } from "./json.ts";
import { connectMsgpack } from "./msgpack.ts";
import { connectSocketIo } from "./socketio.ts";

export type TransportName = "json" | "msgpack" | "socketio";

export const TRANSPORTS: Readonly<Record<TransportName, Connect>> = {
  json: connectJson,
  msgpack: connectMsgpack,
  socketio: connectSocketIo,
};
