/** What the host element of a view tells tests and people's own styles. */

import type { ConnectionStatus, SaveState } from "../../client/src/index.ts";
import type { TransportInUse } from "./session/index.ts";
import type { Phase } from "./viewRoom.ts";

export interface HostState {
  readonly state: "opening" | "online" | "offline" | "refused" | "failed";
  readonly transport: TransportInUse | "";
  readonly saved: SaveState["kind"];
}

export interface RoomFacts {
  readonly status: ConnectionStatus;
  readonly saved: SaveState;
  readonly transport: TransportInUse | null;
}

/** `room` is null as long as none is open. */
export function hostState(phase: Phase["kind"], room: RoomFacts | null): HostState {
  if (phase !== "open" || room === null) {
    return { state: phase === "open" ? "opening" : phase, transport: "", saved: "saved" };
  }
  const isOnline = room.status === "online";
  return {
    state: isOnline ? "online" : "offline",
    transport: isOnline ? (room.transport ?? "") : "",
    saved: room.saved.kind,
  };
}
