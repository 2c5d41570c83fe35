/** Messages as msgpack binary frames: smaller, and cheaper for the server. */

import { Decoder, decodeTimestampToTimeSpec, Encoder, EXT_TIMESTAMP, ExtensionCodec } from "@msgpack/msgpack";
import { SUBPROTOCOL_MSGPACK } from "../protocol.ts";
import { webSocket } from "./websocket.ts";

/** Times are a type of their own in msgpack; the protocol's types have them as JSON does: ISO 8601, to the microsecond. */
const extensionCodec = new ExtensionCodec();
extensionCodec.register({
  type: EXT_TIMESTAMP,
  encode: () => null,
  decode: (data) => {
    const { sec, nsec } = decodeTimestampToTimeSpec(data);
    const seconds = new Date(sec * 1000).toISOString().slice(0, -".000Z".length);
    return nsec === 0 ? `${seconds}Z` : `${seconds}.${String(Math.floor(nsec / 1000)).padStart(6, "0")}Z`;
  },
});

const encoder = new Encoder({ ignoreUndefined: true });
const decoder = new Decoder({ extensionCodec });

export const connectMsgpack = webSocket({
  subprotocol: SUBPROTOCOL_MSGPACK,
  encode: (message) => encoder.encode(message),
  decode: (frame) => (typeof frame === "string" ? JSON.parse(frame) : decoder.decode(frame)),
});
