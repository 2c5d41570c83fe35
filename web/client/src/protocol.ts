/** The wire messages of a room, as rayrooms/protocol describes them; offsets count Unicode code points. */

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL_JSON = "rayrooms.json";
export const SUBPROTOCOL_MSGPACK = "rayrooms.msgpack";
/** A browser cannot set headers: it offers `bearer.<token>` beside the subprotocol it wants. */
export const SUBPROTOCOL_BEARER = "bearer.";

/** Skip so many code points, insert a text, or delete (a count of code points, or the very text that goes). */
export type Component = number | string | { d: number | string };
export type Operation = readonly Component[];

export type Role = "owner" | "admin" | "member" | "viewer";
export type Status = "online" | "away" | "offline";

/** A selection `[anchor, head]`; a bare cursor has both equal. */
export type Range = readonly [anchor: number, head: number];

/** Someone's selections (the first is the main one), right for document version `version`. */
export interface Cursor {
  version: number;
  ranges: Range[];
}

/**
 * One connected session of a user in a room. `verified` says that somebody vouches for who it is; a guest's name is
 * one that anybody could have chosen.
 */
export interface Participant {
  session_id: string;
  user_id: string;
  name: string;
  colour: string;
  role: Role;
  status?: Status;
  typing?: boolean;
  cursor?: Cursor | null;
  verified?: boolean;
}

/** A chat message; `reactions` maps an emoji to the ids of the users who chose it; `created_at` is ISO 8601 UTC. */
export interface ChatMessage {
  id: string;
  user_id: string;
  name: string;
  content: string;
  created_at: string;
  reply_to?: string | null;
  reactions?: Record<string, string[]>;
  edited?: boolean;
  deleted?: boolean;
}

/** A committed operation. The receiver's own commits come without `op`: such a change acknowledges its edit `seq`. */
export interface Change {
  version: number;
  client_id: string;
  seq: number;
  op?: Operation;
  user_id?: string;
}

/** The receiver's own edit `seq`, committed in memory as `version`. */
export interface Ack {
  version: number;
  seq: number;
}

interface Message<E extends string, D> {
  event: E;
  data: D;
  ref?: number;
}

// ------------------------------------------------------------------ client to server

export type ClientEvent =
  | Message<"connect", { token?: string; protocol?: number }>
  | Message<
      "join_room",
      { room_id: string; client_id?: string; version?: number; version_epoch?: number; protocol?: number }
    >
  | Message<"leave_room", { room_id: string }>
  | Message<"code_change", { room_id: string; op: Operation; version: number; client_id: string; seq: number }>
  | Message<"cursor_update", { room_id: string; ranges: Range[]; version: number }>
  | Message<"presence_update", { room_id: string; status: "online" | "away" }>
  | Message<"typing", { room_id: string; is_typing: boolean }>
  | Message<"chat_message", { room_id: string; content: string; reply_to?: string }>
  | Message<"edit_message", { room_id: string; message_id: string; content: string }>
  | Message<"delete_message", { room_id: string; message_id: string }>
  | Message<"add_reaction", { room_id: string; message_id: string; emoji: string }>
  | Message<"get_sync", { room_id: string; version?: number }>
  | { event: "ping"; ref?: number };

// ------------------------------------------------------------------ server to client

/** The state of a room for one session; also sent unasked when the room moved to a new owner. */
export interface RoomJoinedData {
  room_id: string;
  session_id: string;
  client_id: string;
  version: number;
  epoch: number;
  version_epoch: number;
  durable: number;
  last_seq: number;
  role: Role;
  content?: string | null;
  operations?: Change[];
  reset?: boolean;
  users?: Participant[];
  messages?: ChatMessage[];
  language?: string;
  name?: string;
}

export interface ErrorData {
  code: string;
  message: string;
  room_id?: string | null;
  seq?: number | null;
  /** In how many seconds the same may be sent again. */
  retry_after?: number | null;
}

export type ServerEvent =
  | Message<
      "connection_response",
      { session_id: string; protocol: number; user_id?: string | null; name?: string | null }
    >
  | Message<"room_joined", RoomJoinedData>
  | Message<"room_left", { room_id: string; reason: string }>
  | Message<"user_joined", { room_id: string; user: Participant }>
  | Message<"user_left", { room_id: string; session_id: string; user_id: string }>
  | Message<"code_change", { room_id: string; changes: Change[] }>
  | Message<"ack", { room_id: string; client_id: string; acks: Ack[] }>
  | Message<"durable", { room_id: string; version: number }>
  | Message<"cursor_update", { room_id: string; session_id: string; user_id: string; cursor: Cursor }>
  | Message<"presence_update", { room_id: string; session_id: string; user_id: string; status: Status }>
  | Message<"typing", { room_id: string; session_id: string; user_id: string; is_typing: boolean }>
  | Message<"chat_message", { room_id: string; message: ChatMessage }>
  | Message<"message_changed", { room_id: string; message: ChatMessage }>
  | Message<
      "reaction_added",
      { room_id: string; message_id: string; emoji: string; user_id: string; reactions: Record<string, string[]> }
    >
  | Message<"sync_response", { room_id: string; version: number; operations?: Change[]; content?: string | null }>
  | Message<"going_away", { reason: string; room_id?: string | null }>
  | Message<"error", ErrorData>
  | { event: "pong"; ref?: number };
