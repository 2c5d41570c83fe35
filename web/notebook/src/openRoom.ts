/** An open room of a page: its session and its store, replaced together when another session takes this one's place. */

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ReadMark } from "../../app/src/room/chatStore.ts";
import { RoomStore } from "../../app/src/room/roomStore.ts";
import type { WidgetSession } from "./session/index.ts";
import type { Shareable } from "./sessions.ts";

export interface LiveRoom {
  readonly session: WidgetSession;
  /** The session's room as signals. */
  readonly store: RoomStore;
}

export interface OpenRoomPorts {
  /** Remembers what a user has read of a room's chat. */
  readMark(roomId: string, userId: string): ReadMark;
  /** Milliseconds of a clock that does not go back. */
  now(): number;
  /** Calls back after `ms`; returns what cancels that. */
  after(ms: number, callback: () => void): () => void;
}

export class OpenRoom implements Shareable {
  readonly live: ReadonlySignal<LiveRoom>;
  readonly #stopFollowing: () => void;

  constructor(session: WidgetSession, ports: OpenRoomPorts) {
    const live = signal(liveRoom(session, ports));
    this.live = live;
    this.#stopFollowing = effect(() => {
      const before = live.value;
      const { value: successor } = before.session.successor;
      if (successor === null) return;
      before.store.dispose();
      live.value = liveRoom(successor, ports);
    });
  }

  get isOver(): boolean {
    return this.live.peek().session.room.failure !== null;
  }

  close(): void {
    this.#stopFollowing();
    const { session, store } = this.live.peek();
    store.dispose();
    session.close().catch(() => undefined); // there is nobody left to tell
  }
}

function liveRoom(session: WidgetSession, { readMark, now, after }: OpenRoomPorts): LiveRoom {
  const { room, identity } = session;
  const store = new RoomStore({
    room,
    rest: () => session.rest(),
    userId: identity.userId,
    readMark: readMark(room.roomId, identity.userId),
    now,
    after,
  });
  return { session, store };
}
