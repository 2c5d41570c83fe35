/** The addresses of one server: of its REST routes, of its WebSocket and of its Socket.IO endpoint. */

import { InvalidError } from "../errors.ts";

export interface Addresses {
  /** Origin and path prefix, without a slash at its end: REST paths are appended. */
  rest: string;
  socket: string;
  /** What socket.io-client is given: an origin, and the path of the endpoint. */
  socketio: { origin: string; path: string };
}

/** Of the server at `url`: http, https, ws or wss, with or without a path prefix. Throws InvalidError. */
export function addressesOf(url: string): Addresses {
  let parts: URL;
  try {
    parts = new URL(url);
  } catch {
    throw new InvalidError(`${JSON.stringify(url)} is not the URL of a server.`);
  }
  const secure = parts.protocol === "https:" || parts.protocol === "wss:";
  if ((!secure && parts.protocol !== "http:" && parts.protocol !== "ws:") || parts.host === "") {
    throw new InvalidError(`${JSON.stringify(url)} is not the URL of a server.`);
  }
  const prefix = parts.pathname.replace(/\/+$/, "").replace(/\/ws$/, "");
  const origin = `${secure ? "https" : "http"}://${parts.host}`;
  return {
    rest: origin + prefix,
    socket: `${secure ? "wss" : "ws"}://${parts.host}${prefix}/ws`,
    socketio: { origin, path: `${prefix}/socket.io/` },
  };
}
