/** Up to when a user has read a room's chat, as their browser remembers it. */

import type { ReadMark } from "./chatStore.ts";

export function readMark(roomId: string, userId: string): ReadMark {
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
