/** A server of one room on a real socket, which can be told to misbehave. */

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { decode, encode } from "@msgpack/msgpack";
import { type WebSocket, WebSocketServer } from "ws";
import type { ClientEvent, ServerEvent } from "../src/protocol.ts";
import { type Connection, SimpleRoom } from "./simple-room.ts";

export const ROOM = "r";

/** A client's connection as the server sees it. */
class Peer {
  readonly socket: WebSocket;
  readonly link: Connection;
  readonly #isBinary: boolean;

  constructor(socket: WebSocket, link: Connection) {
    this.socket = socket;
    this.link = link;
    this.#isBinary = socket.protocol === "rayrooms.msgpack";
  }

  send(message: ServerEvent): void {
    this.socket.send(this.#isBinary ? encode(message) : JSON.stringify(message));
  }

  /** Send what the room has for this client. */
  pump(): void {
    for (const message of this.link.down.splice(0)) this.send(message);
  }
}

export class FakeServer {
  readonly room = new SimpleRoom(1000);
  /** The token of each connection, and all that was received, in order. */
  readonly tokens: string[] = [];
  readonly received: ClientEvent[] = [];
  /** Tokens that do not hold. */
  readonly badTokens = new Set<string>();
  /** Events that get no answer at all, or an error of that code. */
  readonly ignored = new Set<ClientEvent["event"]>();
  readonly refused = new Map<ClientEvent["event"], string>();
  /** What refusals ask for, in seconds. */
  retryAfter: number | null = null;
  /** How many edits it takes from now on; those after them are refused with `rate_limited`. */
  editsLeft = Number.POSITIVE_INFINITY;
  /** Whether it takes everything in and says nothing. */
  isMute = false;
  /** Whether commits become durable at once. */
  isDurable = true;
  #server: WebSocketServer | null = null;
  #port = 0;
  readonly #peers = new Set<Peer>();

  /** Runs `test` against a server that is stopped afterwards. */
  static async run(test: (server: FakeServer) => Promise<void>): Promise<void> {
    const server = new FakeServer();
    await server.start();
    try {
      await test(server);
    } finally {
      await server.stop();
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get connections(): number {
    return this.#peers.size;
  }

  /** Listen, on the same port each time. */
  async start(): Promise<void> {
    const server = new WebSocketServer({
      host: "127.0.0.1",
      port: this.#port,
      handleProtocols: (offered) => [...offered].find((name) => name.startsWith("rayrooms.")) ?? false,
    });
    this.#server = server;
    server.on("connection", (socket, request) => this.#accept(socket, request));
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Cut all connections and listen no more. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    this.cut();
    server.close();
    await once(server, "close");
  }

  /** End all connections, without a word or with a close code. */
  cut(code?: number): void {
    for (const peer of this.#peers) {
      if (code === undefined) peer.socket.terminate();
      else peer.socket.close(code);
    }
  }

  /** Say something to all clients. */
  say(message: ServerEvent): void {
    for (const peer of this.#peers) peer.send(message);
  }

  /** Let commits become durable, and tell. */
  persist(): void {
    this.room.persist(this.room.commits.length);
    this.#pump();
  }

  /** How many messages of this kind came. */
  count(event: ClientEvent["event"]): number {
    return this.received.filter((message) => message.event === event).length;
  }

  #accept(socket: WebSocket, request: IncomingMessage): void {
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    const token = offered.find((name) => name.startsWith("bearer."))?.slice("bearer.".length) ?? "";
    this.tokens.push(token);
    if (this.badTokens.has(token)) {
      socket.close(4401);
      return;
    }
    const peer = new Peer(socket, this.room.connect());
    this.#peers.add(peer);
    socket.on("message", (frame: Buffer, isBinary) => {
      this.#take(peer, (isBinary ? decode(frame) : JSON.parse(frame.toString())) as ClientEvent);
    });
    socket.on("close", () => {
      this.#peers.delete(peer);
      this.room.disconnect(peer.link);
    });
    peer.pump();
  }

  #take(peer: Peer, message: ClientEvent): void {
    this.received.push(message);
    const { event, ref } = message;
    if (this.ignored.has(event)) return;
    if (event === "code_change") this.editsLeft -= 1;
    const code = this.editsLeft < 0 ? "rate_limited" : this.refused.get(event);
    if (code !== undefined) {
      const data = { code, message: "No.", ...(this.retryAfter !== null && { retry_after: this.retryAfter }) };
      peer.send({ event: "error", ...(ref !== undefined && { ref }), data });
      return;
    }
    const answer = this.#answer(message);
    if (answer !== null && !this.isMute) peer.send({ ...answer, ...(ref !== undefined && { ref }) });
    this.room.receive(peer.link, message);
    if (this.isDurable) this.room.persist(this.room.commits.length);
    this.#pump();
  }

  /** What the room itself does not answer. */
  #answer(message: ClientEvent): ServerEvent | null {
    const room_id = ROOM;
    const said = (id: string, content: string) => ({ id, user_id: "u", name: "U", created_at: "", content });
    switch (message.event) {
      case "ping":
        return { event: "pong" };
      case "get_sync":
        return { event: "sync_response", data: { room_id, version: this.room.commits.length } };
      case "chat_message":
        return { event: "chat_message", data: { room_id, message: said("m", message.data.content) } };
      case "edit_message": {
        const { message_id, content } = message.data;
        return { event: "message_changed", data: { room_id, message: said(message_id, content) } };
      }
      default:
        return null;
    }
  }

  #pump(): void {
    if (this.isMute) return;
    for (const peer of this.#peers) peer.pump();
  }
}
