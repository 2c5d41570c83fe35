/** How the admin page says figures and states. Pure. */

import type { AdminRoom, ClusterStatus, DrainedNode, Health, NodeStatus, PartHealth } from "./bodies.ts";

/** Where a figure is not known, or there is none. */
export const NONE = "–";
export const NO_ANSWER = "no answer";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A number of bytes: "512 B", "55.0 MB", "120 MB". */
export function bytes(count: number): string {
  let amount = count;
  let unit = 0;
  while (amount >= 1_000 && unit < UNITS.length - 1) {
    amount /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

/** A number of things: "1 room", "2 rooms". */
export function some(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

export function count(known: number | null): string {
  return known === null ? NO_ANSWER : String(known);
}

/** How the whole server is, in one sentence. */
export function summary(health: Health): string {
  const failed = Object.entries(health.parts).filter(([, part]) => part.status === "failed");
  if (failed.length === 0) return "All parts are well.";
  const names = failed.map(([name]) => `the ${name}`).join(" and ");
  return `${names.charAt(0).toUpperCase()}${names.slice(1)} ${failed.length === 1 ? "has" : "have"} failed.`;
}

export function partWords({ status, detail }: PartHealth): string {
  if (status === "ok") return "Well";
  return detail === null ? "Failed" : `Failed: ${detail}`;
}

/** Ids of nodes are long, and told apart by their beginning. */
export function shortId(nodeId: string): string {
  return nodeId.slice(0, 12);
}

/** The node of this id as people know it: by its address, where it is among the known ones. */
export function nodeName(status: ClusterStatus, nodeId: string): string {
  return status.nodes?.find((node) => node.node_id === nodeId)?.address ?? shortId(nodeId);
}

/** A node's state and what it holds for the database. */
export function nodeFigures({ takes_rooms, writer }: NodeStatus): { state: string; backlog: string; lag: string } {
  const open = takes_rooms === null ? "Not known" : takes_rooms ? "Takes rooms" : "Drained";
  if (writer === null) return { state: `${open}, no writer answers`, backlog: NONE, lag: NONE };
  return {
    state: writer.database_ok ? open : `${open}, cannot write`,
    backlog: `${writer.backlog_records} (${bytes(writer.backlog_bytes)})`,
    lag: `${Math.round(writer.lag_p99_ms)} ms`,
  };
}

const STATES: Record<AdminRoom["state"], string> = { awake: "Awake", asleep: "Asleep", no_answer: "No answer" };

export interface RoomFigures {
  state: string;
  people: string;
  version: string;
  /** Versions that are not in the database yet. */
  unsaved: string;
  /** Edits in a second, over the last ten. */
  pace: string;
  memory: string;
}

export function roomFigures({ state, stored_version, activity }: AdminRoom): RoomFigures {
  if (activity === null) {
    const version = String(stored_version);
    return { state: STATES[state], people: NONE, version, unsaved: NONE, pace: NONE, memory: NONE };
  }
  return {
    state: STATES[state],
    people: String(activity.users),
    version: String(activity.version),
    unsaved: String(Math.max(0, activity.version - activity.durable_version)),
    pace: activity.edits_per_second.toFixed(1),
    memory: activity.memory_bytes === 0 ? NONE : bytes(activity.memory_bytes),
  };
}

/** What to say when a node was drained. */
export function drainedWords({ rooms }: DrainedNode, address: string): string {
  return `${some(rooms, "room")} moved, ${address} gets no more. Its people move to other gateways within the next minute.`;
}
