/** What the state machine tells its shell, which passes most of it on to the application: one type an event. */

import type { RayroomsError } from "./errors.ts";
import type { ChatMessage, Operation, Participant, Range } from "./protocol.ts";

export type StateEvent =
  /** `op` took the local text from what it was at the last such event to what it is; `own` when made here. */
  | { type: "text"; op: Operation; own: boolean }
  /** A message is new (`fresh`), or it changed: this is how it now stands. */
  | { type: "chat"; message: ChatMessage; fresh: boolean }
  /** Someone's selections, as they stand in the local text. */
  | { type: "cursor"; sessionId: string; userId: string; ranges: Range[] }
  /** Someone came, or changed; `participant` is null when they left. */
  | { type: "presence"; sessionId: string; participant: Participant | null }
  /** The room refused an own edit for good. It was taken out of the local text; `op` is what it last was. */
  | { type: "editRefused"; op: Operation; error: RayroomsError }
  /** The room refused something else, sent as `ref`: a chat message, a reaction, a cursor. */
  | { type: "requestRefused"; error: RayroomsError; ref: number | null }
  /** The room has done what was asked of it as `ref`: posted, edited or deleted a message, or reacted to one. */
  | { type: "answered"; ref: number }
  /** The room was at `version` when it answered the question sent as `ref`. */
  | { type: "confirmed"; ref: number; version: number };
