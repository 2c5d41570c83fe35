/** The public names of the library. */

export * from "./errors.ts";
export type { ConnectionStatus, RoomEventName, RoomEvents, SaveState } from "./events.ts";
export type {
  Change,
  ChatMessage,
  Component,
  Cursor,
  Operation,
  Participant,
  Range,
  Role,
  Status,
} from "./protocol.ts";
export type * from "./rest/bodies.ts";
export { type CallOptions, RestClient } from "./rest/client.ts";
export { Room, type RoomOptions } from "./room.ts";
export type { Unreadable } from "./store/database.ts";
export { type EditStore, openEditStore } from "./store/edit-store.ts";
export type { Owner } from "./store/record.ts";
export * as text from "./text/index.ts";
export { DEFAULT_TIMING, type Timing } from "./timing.ts";
export type { TransportName } from "./transport/index.ts";
