/** Opens a room for the page: its connection, its store, and what they need of the browser. */

import { openEditStore, Room } from "../../../client/src/index.ts";
import { rest, session } from "../api.ts";
import { readMark } from "./readMark.ts";
import { RoomStore } from "./roomStore.ts";
import { afterOnPage } from "./timers.ts";

/** Starts to connect at once, and never fails: how it goes is for the store to tell. */
export async function openRoom(roomId: string, userId: string): Promise<RoomStore> {
  const edits = await openEditStore();
  const room = Room.open({
    url: location.origin,
    roomId,
    userId,
    token: () => session.token(),
    store: edits,
  });
  room.ready.catch(() => undefined); // the store tells of it
  return new RoomStore({
    room,
    rest: () => rest,
    userId,
    readMark: readMark(roomId, userId),
    now: () => performance.now(),
    after: afterOnPage,
  });
}
