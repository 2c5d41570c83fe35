/** What of the chat has not been read: everything others posted since it was last looked at. */

import type { ChatMessage } from "../../../../client/src/index.ts";
import { postedAt } from "./chatLog.ts";

/** The messages by others after `readUpTo` (milliseconds since 1970) that still say something, oldest first. */
export function unreadMessages(
  messages: readonly ChatMessage[],
  readUpTo: number,
  ownUserId: string,
): readonly ChatMessage[] {
  return messages.filter(
    (message) => message.user_id !== ownUserId && message.deleted !== true && postedAt(message) > readUpTo,
  );
}

/** Up to when a reader of all these messages has read; `before` when there are none. */
export function readAll(messages: readonly ChatMessage[], before: number): number {
  const last = messages.at(-1);
  return last === undefined ? before : Math.max(before, postedAt(last));
}

/** How a count is shown where there is little room. */
export function badge(count: number): string {
  return count > 99 ? "99+" : String(count);
}

/** The title of the browser tab. */
export function tabTitle(roomName: string, unread: number): string {
  const title = roomName === "" ? "Rayrooms" : `${roomName} · Rayrooms`;
  return unread === 0 ? title : `(${badge(unread)}) ${title}`;
}
