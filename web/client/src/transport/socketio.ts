/**
 * The server's Socket.IO endpoint as a connection. socket.io-client is loaded only when this transport is used.
 *
 * Socket.IO has no `ref`. Every event but an edit asks for an acknowledgement instead, which carries the answer: it is
 * folded back into the event that it stands for. Edits are answered by their commits, or by an `error` with their seq.
 */

import type { Socket } from "socket.io-client";
import { fromCode, type RayroomsError, UnavailableError } from "../errors.ts";
import { type ClientEvent, PROTOCOL_VERSION, type ServerEvent } from "../protocol.ts";
import { addressesOf } from "./address.ts";
import { asServerEvent, type Connection, type ConnectionEvents, isObject } from "./connection.ts";

type EventName = ServerEvent["event"];

/** The event whose data an acknowledgement carries; without one it just says that the event was taken. */
const ANSWERS: Partial<Record<ClientEvent["event"], EventName>> = {
  join_room: "room_joined",
  leave_room: "room_left",
  chat_message: "chat_message",
  edit_message: "message_changed",
  delete_message: "message_changed",
  add_reaction: "reaction_added",
  get_sync: "sync_response",
  ping: "pong",
};

export function connectSocketIo(url: string, token: string, events: ConnectionEvents): Connection {
  return new SocketIoConnection(addressesOf(url).socketio, token, events);
}

class SocketIoConnection implements Connection {
  readonly #events: ConnectionEvents;
  #socket: Socket | null = null;
  #isOver = false;

  constructor(address: { origin: string; path: string }, token: string, events: ConnectionEvents) {
    this.#events = events;
    this.#open(address, token).catch(() => this.#end(new UnavailableError("socket.io-client cannot be loaded.")));
  }

  async #open({ origin, path }: { origin: string; path: string }, token: string): Promise<void> {
    const { io } = await import("socket.io-client");
    if (this.#isOver) return;
    const socket = io(origin, {
      path,
      auth: { token, protocol: PROTOCOL_VERSION },
      transports: ["websocket"],
      reconnection: false, // when to try again is for the runner to say, and each time with a fresh token
      forceNew: true,
      autoConnect: false,
    });
    this.#socket = socket;
    socket.on("connect", () => {
      if (!this.#isOver) this.#events.opened();
    });
    socket.on("connect_error", (error) => this.#end(refusal(error)));
    socket.on("disconnect", () => this.#end(new UnavailableError("The connection to the server is gone.")));
    socket.onAny((event: string, data: unknown) => this.#heard(event, data));
    socket.connect();
  }

  send(message: ClientEvent): void {
    const socket = this.#socket;
    if (socket === null || !socket.connected) return;
    const data = message.event === "ping" ? {} : message.data;
    if (message.event === "code_change") socket.emit(message.event, data);
    else socket.emit(message.event, data, (answer: unknown) => this.#answered(message, answer));
  }

  close(): void {
    this.#isOver = true;
    this.#socket?.disconnect();
  }

  #answered({ event, ref }: ClientEvent, answer: unknown): void {
    const { error } = isObject(answer) ? answer : {};
    const name = error === undefined ? ANSWERS[event] : "error";
    if (name !== undefined) this.#receive(name, error ?? answer, ref);
  }

  #heard(event: string, data: unknown): void {
    // What an acknowledgement carries as well is told by that, with the ref of what was refused.
    const { seq, code } = isObject(data) ? data : {};
    if (event !== "error" || seq !== undefined || code === "bad_token") this.#receive(event, grouped(event, data));
  }

  #receive(event: string, data: unknown, ref?: number): void {
    if (this.#isOver) return;
    let message: ServerEvent | null;
    try {
      message = asServerEvent({ event, data, ...(ref !== undefined && { ref }) });
    } catch (error) {
      this.#end(error as RayroomsError);
      return;
    }
    if (message !== null) this.#events.received(message);
  }

  #end(error: RayroomsError): void {
    if (this.#isOver) return;
    this.close();
    this.#events.ended(error);
  }
}

/** Commits come one by one; the protocol has them in lists. */
function grouped(event: string, data: unknown): unknown {
  if (!isObject(data)) return data;
  if (event === "code_change") {
    const { room_id, ...change } = data;
    return { room_id, changes: [change] };
  }
  if (event === "ack") {
    const { room_id, client_id, ...ack } = data;
    return { room_id, client_id, acks: [ack] };
  }
  return data;
}

/** Why the server did not let us in, or that it cannot be reached. */
function refusal(error: Error & { data?: unknown }): RayroomsError {
  const { code, message, retry_after } = isObject(error.data) ? error.data : {};
  if (typeof code === "string" && typeof message === "string") {
    return fromCode(code, message, typeof retry_after === "number" ? retry_after : null);
  }
  return new UnavailableError(`The server cannot be reached: ${error.message}.`);
}
