/** What a room tells its application: one type an event. */

import type { RayroomsError } from "./errors.ts";
import type { ChatMessage, Operation, Participant, Range } from "./protocol.ts";

/** `connecting` until the room was first joined, `closed` once nothing will be tried any more. */
export type ConnectionStatus = "connecting" | "online" | "offline" | "closed";

/**
 * Whether all own edits are in the database. `unsent` counts the own edits that no room has acknowledged.
 * `offline` means that there is no connection now; `unsent` may then be 0 although some edits wait to become durable.
 */
export interface SaveState {
  kind: "saved" | "saving" | "offline";
  unsent: number;
}

export interface RoomEvents {
  /** `op` took the local text from what it was at the last such event to what it is; `own` when made here. */
  text: { op: Operation; own: boolean };
  /** A message is new, or it changed (reactions, edited, deleted): this is how it now stands. */
  chat: { message: ChatMessage; fresh: boolean };
  /** Someone's selections, as they stand in the local text. */
  cursor: { sessionId: string; userId: string; ranges: Range[] };
  /** Someone came, or changed; `participant` is null when they left. */
  presence: { sessionId: string; participant: Participant | null };
  /** The room was joined, for the first time or anew: participants and messages may all be others than before. */
  joined: { first: boolean };
  /** Told when it changed, and while connecting for each try in vain; `error` is why, when it did not go as wished. */
  status: { status: ConnectionStatus; error: RayroomsError | null };
  /** Told whenever it changed. */
  saved: SaveState;
  /** The room refused an own edit for good. It was taken out of the local text; `op` is what it last was. */
  editRefused: { op: Operation; error: RayroomsError };
  /** The room refused something else, sent as `ref`. */
  requestRefused: { error: RayroomsError; ref: number | null };
}

export type RoomEventName = keyof RoomEvents;
