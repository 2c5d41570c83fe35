/** Opens a room for the page: its connection, its store, and what they need of the browser. */

import { openEditStore, Room } from "../../../client/src/index.ts";
import { rest, session } from "../api.ts";
import type { ReadMark } from "./chatStore.ts";
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
    rest,
    userId,
    readMark: readMark(roomId, userId),
    now: () => performance.now(),
    after: afterOnPage,
  });
}

function readMark(roomId: string, userId: string): ReadMark {
  const key = `rayrooms.read.${userId}.${roomId}`;
  return {
    load: () => {
      try {
        const stored = localStorage.getItem(key);
        return stored === null || !Number.isFinite(Number(stored)) ? null : Number(stored);
      } catch {
        return null;
      }
    },
    save: (readUpTo) => {
      try {
        localStorage.setItem(key, String(readUpTo));
      } catch {
        // Storage is shut: what was read is known as long as the page is open.
      }
    },
  };
}
