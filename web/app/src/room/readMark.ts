/** Up to when a user has read a room's chat, as their browser remembers it. */

import { browserStorage, readItem, writeItem } from "../storage.ts";
import type { ReadMark } from "./chatStore.ts";

export function readMark(roomId: string, userId: string): ReadMark {
  const key = `rayrooms.read.${userId}.${roomId}`;
  return {
    load: () => {
      const stored = readItem(browserStorage("localStorage"), key);
      return stored === null || !Number.isFinite(Number(stored)) ? null : Number(stored);
    },
    save: (readUpTo) => writeItem(browserStorage("localStorage"), key, String(readUpTo)),
  };
}
