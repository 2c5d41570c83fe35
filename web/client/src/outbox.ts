/** The messages of one client to its room: numbered, and collected until its shell takes them. */

import type { ClientEvent } from "./protocol.ts";

/** The events that are addressed to a room. */
type RoomEvent = Extract<ClientEvent, { data: { room_id: string } }>["event"];

type DataOf<E extends RoomEvent> = Omit<Extract<ClientEvent, { event: E }>["data"], "room_id">;

export class Outbox {
  readonly #roomId: string;
  #messages: ClientEvent[] = [];
  #refs = 0;

  constructor(roomId: string) {
    this.#roomId = roomId;
  }

  /** Address a message to the room. Returns its `ref`, by which the answer will be known. */
  put<E extends RoomEvent>(event: E, data: DataOf<E>): number {
    this.#refs += 1;
    const message = { event, ref: this.#refs, data: { room_id: this.#roomId, ...data } };
    this.#messages.push(message as ClientEvent);
    return this.#refs;
  }

  ping(): void {
    this.#messages.push({ event: "ping" });
  }

  /** The messages to send since the last call, in order. */
  take(): ClientEvent[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  clear(): void {
    this.#messages = [];
  }
}
