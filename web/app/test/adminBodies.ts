/** Answers of the admin routes, as tests need them. */

import type { AdminRoom, ClusterStatus, NodeStatus, RoomActivity } from "../src/admin/bodies.ts";

const WELL = { status: "ok", detail: null } as const;

export const ACTIVITY: RoomActivity = {
  users: 2,
  sessions: 3,
  version: 78,
  durable_version: 76,
  edits: 40,
  edits_per_second: 3.66,
  last_edit: "2026-01-05T09:30:00Z",
  memory_bytes: 55_600_000,
};

export const NODE: NodeStatus = {
  node_id: "7a1f0123456789abcdef",
  address: "192.0.2.2",
  rooms: 2,
  takes_rooms: true,
  writer: {
    database_ok: true,
    feeds: 3,
    backlog_records: 5,
    backlog_bytes: 700,
    committed_records: 1204,
    lag_p99_ms: 7.5,
  },
};

export function statusOf(changes: Partial<ClusterStatus> = {}): ClusterStatus {
  return {
    health: { status: "ok", parts: { database: WELL, directory: WELL, ingress: WELL } },
    nodes: [NODE],
    gateways: [],
    rooms_awake: 2,
    rooms_stored: 40,
    sockets: 3,
    backlog_records: 5,
    ...changes,
  };
}

export function roomOf(changes: Partial<AdminRoom> = {}): AdminRoom {
  return {
    room_id: "notes",
    name: "Notes",
    owner_id: "ada",
    private: false,
    created_at: "2026-01-05T09:30:00Z",
    stored_version: 76,
    edited_at: null,
    state: "awake",
    place: { node_id: NODE.node_id, address: "192.0.2.2:4000", epoch: 7, pid: 1 },
    activity: ACTIVITY,
    ...changes,
  };
}
