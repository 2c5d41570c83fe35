/** The bodies of the routes for those who run the server, field for field as on the wire. Times are ISO 8601 in UTC. */

import type { Page } from "../../../client/src/rest/bodies.ts";

export interface PartHealth {
  status: "ok" | "failed";
  /** What is wrong. */
  detail: string | null;
}

export interface Health {
  status: "ok" | "degraded";
  parts: { database: PartHealth; directory: PartHealth; ingress: PartHealth };
}

/** What the persistence actor of a node holds for Postgres. */
export interface WriterStatus {
  database_ok: boolean;
  feeds: number;
  backlog_records: number;
  backlog_bytes: number;
  committed_records: number;
  lag_p99_ms: number;
}

/** `takes_rooms` is false once it is drained; null, like `writer`, when who would know does not answer. */
export interface NodeStatus {
  node_id: string;
  address: string;
  rooms: number;
  takes_rooms: boolean | null;
  writer: WriterStatus | null;
}

/** As it said within the last seconds. */
export interface GatewayStatus {
  gateway_id: string;
  node_id: string;
  pid: number;
  sockets: number;
  rooms: number;
}

/** What is null is not known: the part that would know does not answer. */
export interface ClusterStatus {
  health: Health;
  nodes: NodeStatus[] | null;
  gateways: GatewayStatus[] | null;
  rooms_awake: number | null;
  rooms_stored: number | null;
  sockets: number | null;
  backlog_records: number;
}

export interface DrainedNode {
  node_id: string;
  rooms: number;
}

export interface RoomPlace {
  node_id: string;
  address: string;
  epoch: number;
  pid: number;
}

export interface RoomActivity {
  users: number;
  sessions: number;
  version: number;
  durable_version: number;
  edits: number;
  edits_per_second: number;
  last_edit: string;
  memory_bytes: number;
}

/** `place` is null when asleep, `activity` also when the room does not answer. */
export interface AdminRoom {
  room_id: string;
  name: string;
  owner_id: string;
  private: boolean;
  created_at: string;
  stored_version: number;
  edited_at: string | null;
  state: "awake" | "asleep" | "no_answer";
  place: RoomPlace | null;
  activity: RoomActivity | null;
}

export type AdminRoomPage = Page<AdminRoom, string>;

export interface AdminRoomQuery {
  /** Only those in memory. */
  awake: boolean;
  /** Only ids after this one: `next` of the page before. */
  after: string;
}
