/** How the chat is laid out: days, and in them runs of messages by one author. */

import type { ChatMessage } from "../../../../client/src/index.ts";
import { postedAt } from "./chatLog.ts";

/** After a pause this long the author is named anew. */
const NEW_RUN_AFTER_MS = 5 * 60_000;

/** Messages by one author, shown under one name. */
export interface AuthorGroup {
  kind: "messages";
  key: string;
  userId: string;
  name: string;
  /** Of the first message, in milliseconds since 1970. */
  at: number;
  messages: ChatMessage[];
}

/** Where another day begins; `at` is the time of its first message. */
export interface DayBreak {
  kind: "day";
  key: string;
  at: number;
}

/** Where the messages begin that were not read when the chat was opened. */
export interface NewBreak {
  kind: "new";
  key: "new";
}

export type ChatRow = DayBreak | NewBreak | AuthorGroup;

/** Lay out messages, which are in order. `firstNewId` is the message that the "new" line stands above. */
export function chatRows(messages: readonly ChatMessage[], firstNewId: string | null): ChatRow[] {
  const rows: ChatRow[] = [];
  let day = "";
  let group: AuthorGroup | null = null;
  let last = 0;
  for (const message of messages) {
    const at = postedAt(message);
    const itsDay = new Date(at).toDateString();
    if (itsDay !== day) {
      day = itsDay;
      group = null;
      rows.push({ kind: "day", key: `day ${itsDay}`, at });
    }
    if (message.id === firstNewId) {
      group = null;
      rows.push({ kind: "new", key: "new" });
    }
    if (group === null || group.userId !== message.user_id || at - last > NEW_RUN_AFTER_MS || isReply(message)) {
      group = { kind: "messages", key: message.id, userId: message.user_id, name: message.name, at, messages: [] };
      rows.push(group);
    }
    group.messages.push(message);
    last = at;
  }
  return rows;
}

/** A reply stands apart, so that its quote is under the name of the one who replies. */
function isReply(message: ChatMessage): boolean {
  return message.reply_to != null && message.deleted !== true;
}

/** A reaction as it is shown: the emoji, and whose it is. */
export interface ReactionCount {
  emoji: string;
  count: number;
  mine: boolean;
  userIds: readonly string[];
}

export function reactionCounts(message: ChatMessage, ownUserId: string): ReactionCount[] {
  return Object.entries(message.reactions ?? {})
    .filter(([, userIds]) => userIds.length > 0)
    .map(([emoji, userIds]) => ({ emoji, count: userIds.length, mine: userIds.includes(ownUserId), userIds }));
}

/** "Ana, Ben and you", for what reads the names of those who reacted. */
export function listNames(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
