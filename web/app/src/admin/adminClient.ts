/** The REST routes for those who run the server, typed. */

import { RestClient } from "../../../client/src/rest/client.ts";
import type { AdminRoomPage, AdminRoomQuery, ClusterStatus, DrainedNode } from "./bodies.ts";

const ROOMS_A_PAGE = 50;
/** Draining answers when the node's rooms are elsewhere, as for `scripts/rayrooms drain`: many may need a process each. */
const DRAINED_WITHIN = 620_000;

/** Rejects as its base does; with ForbiddenError for everybody who does not run the server. */
export class AdminClient extends RestClient {
  status(): Promise<ClusterStatus> {
    return this.get("/api/admin/status");
  }

  /** By id. */
  allRooms({ awake, after }: AdminRoomQuery): Promise<AdminRoomPage> {
    return this.get("/api/admin/rooms", { awake, after, limit: ROOMS_A_PAGE });
  }

  /** Have its rooms and people move to others; it gets no new ones. */
  drainNode(nodeId: string): Promise<DrainedNode> {
    const path = `/api/admin/nodes/${encodeURIComponent(nodeId)}/drain`;
    return this.send("POST", path, undefined, { timeout: DRAINED_WITHIN });
  }

  /** Let it take rooms again. */
  reopenNode(nodeId: string): Promise<void> {
    return this.send("POST", `/api/admin/nodes/${encodeURIComponent(nodeId)}/reopen`);
  }
}
