/** The bodies of the REST routes, field for field as on the wire. Times are ISO 8601 in UTC. */

import type { Operation, Role, Status } from "../protocol.ts";

/** One page of a list, at most `limit` items; `next` is where the next page starts, null on the last one. */
export interface Page<Item, Cursor = number> {
  items: Item[];
  limit: number;
  next: Cursor | null;
}

/** A token and whom it stands for. */
export interface SignedIn {
  token: string;
  user_id: string;
  name: string;
  expires_at: string;
}

export interface NewRoom {
  name: string;
  description?: string;
  /** Only members may enter and read. */
  private?: boolean;
  max_users?: number;
  language?: string;
  room_id?: string;
}

/** A room as lists show it; `role` is the caller's, null when not a member; `edited_at` is null before the first edit. */
export interface RoomSummary {
  room_id: string;
  name: string;
  description: string;
  owner_id: string;
  owner_name: string | null;
  private: boolean;
  max_users: number;
  language: string;
  role: Role | null;
  created_at: string;
  updated_at: string;
  edited_at: string | null;
}

/** A room with its present state; `awake` says whether it is in memory, `live` (for owner and admins) where. */
export interface RoomDetails extends RoomSummary {
  member_count: number;
  version: number;
  awake: boolean;
  live: { epoch: number; pid: number; node_ip: string } | null;
}

export interface RoomQuery {
  /** The caller's own rooms, the public ones, or both. */
  scope?: "mine" | "public" | "all";
  /** Words that begin words of name or description. */
  search?: string;
  limit?: number;
  offset?: number;
}

export type GrantedRole = Exclude<Role, "owner">;

/** A membership; `active` says whether they are connected to the room now. */
export interface Member {
  room_id: string;
  user_id: string;
  name: string;
  email: string | null;
  colour: string;
  role: Role;
  joined_at: string;
  last_seen: string | null;
  active: boolean;
}

export interface Invitation {
  invitation_id: string;
  room_id: string;
  role: GrantedRole;
  created_by: string;
  created_at: string;
  expires_at: string;
  /** How many memberships it made or raised. */
  uses: number;
}

/** A new invitation with its token, which is shown this once; `path` is that of the page that accepts it. */
export interface IssuedInvitation extends Invitation {
  token: string;
  path: string;
}

/** `open`: neither revoked nor expired, and its maker may still give the role. */
export interface ListedInvitation extends Invitation {
  revoked_at: string | null;
  open: boolean;
}

export interface InvitationPreview {
  room_id: string;
  room_name: string;
  role: GrantedRole;
  /** The name of who made it. */
  invited_by: string;
  expires_at: string;
}

/** The room, and one's role in it now. */
export interface AcceptedInvitation {
  room_id: string;
  room_name: string;
  role: Role;
}

/** A chat message as it now stands; `reactions` maps an emoji to the ids of the users who chose it. */
export interface StoredMessage {
  message_id: string;
  user_id: string;
  name: string;
  content: string;
  created_at: string;
  reply_to: string | null;
  reactions: Record<string, string[]>;
  edited: boolean;
  deleted: boolean;
}

/** A committed operation: it takes the document from `version - 1` to `version`; its deletes carry their text. */
export interface LoggedOperation {
  operation_id: string;
  version: number;
  op_type: "insert" | "delete" | "replace";
  position: number;
  content: string;
  op: Operation;
  user_id: string;
  client_id: string;
  seq: number;
  timestamp: string;
}

/** The operations that lead from `from_version` to `to_version`, ascending and without gaps. */
export interface OperationRange {
  room_id: string;
  from_version: number;
  to_version: number;
  current_version: number;
  operations: LoggedOperation[];
  limit: number;
  /** The `from_version` of the next page; null when this one reaches `to_version`. */
  next: number | null;
}

export interface RoomVersion {
  current_version: number;
  last_update: string | null;
}

/** The whole document at `version`; `size_bytes` is its length in UTF-8. */
export interface Snapshot {
  content: string;
  version: number;
  size_bytes: number;
  created_at: string;
}

export interface Profile {
  user_id: string;
  name: string;
  email: string | null;
  colour: string;
  status: Status;
  last_seen: string | null;
  created_at: string;
}

/** What to change: absent fields stay as they are, `email: null` takes the address away. */
export interface ProfileChange {
  name?: string;
  email?: string | null;
  colour?: string;
}
