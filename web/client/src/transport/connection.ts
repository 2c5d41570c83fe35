/** What every transport is to the runner: a connection that carries the wire messages of both sides. */

import type { RayroomsError } from "../errors.ts";
import { UnavailableError } from "../errors.ts";
import type { ClientEvent, ServerEvent } from "../protocol.ts";

/** What a connection tells. After `ended`, and after `close` was called, nothing more is told. */
export interface ConnectionEvents {
  opened(): void;
  received(message: ServerEvent): void;
  /**
   * The connection is gone, or never came about. UnauthenticatedError when the server did not take the token,
   * UnavailableError or RateLimitedError when trying again may help; any other error is final.
   */
  ended(error: RayroomsError): void;
}

export interface Connection {
  /** Sends, or does nothing when the connection is gone: then `ended` tells. Not before `opened`. */
  send(message: ClientEvent): void;
  close(): void;
}

/** Begins to connect to the server at `url` with `token`. Throws InvalidError when `url` is none. */
export type Connect = (url: string, token: string, events: ConnectionEvents) => Connection;

const SERVER_EVENTS: ReadonlySet<string> = new Set<ServerEvent["event"]>([
  "connection_response",
  "room_joined",
  "room_left",
  "user_joined",
  "user_left",
  "code_change",
  "ack",
  "durable",
  "cursor_update",
  "presence_update",
  "typing",
  "chat_message",
  "message_changed",
  "reaction_added",
  "sync_response",
  "going_away",
  "error",
  "pong",
]);

/**
 * A decoded frame as a message; null for an event that this client does not know, which a later server may send.
 * Throws UnavailableError for what is no message at all: then something else than a server answers there.
 */
export function asServerEvent(frame: unknown): ServerEvent | null {
  const { event, data } = isObject(frame) ? frame : {};
  if (typeof event === "string" && !SERVER_EVENTS.has(event)) return null;
  if (typeof event !== "string" || (event !== "pong" && !isObject(data))) {
    throw new UnavailableError("The server does not speak this protocol.");
  }
  return frame as ServerEvent;
}

export function isObject(value: unknown): value is { [field: string]: unknown } {
  return typeof value === "object" && value !== null;
}
