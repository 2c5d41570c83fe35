/** The messages of a room that this page holds: the tail that the room tells live, and older pages read over REST. */

import type { ChatMessage } from "../../../../client/src/index.ts";

/** Messages in the order they were posted. Values: no method changes its receiver. */
export class ChatLog {
  readonly messages: readonly ChatMessage[];

  constructor(messages: readonly ChatMessage[] = []) {
    this.messages = messages;
  }

  /** Take in messages, new ones or how known ones now stand. */
  with(changed: readonly ChatMessage[]): ChatLog {
    const byId = new Map(this.messages.map((message) => [message.id, message]));
    for (const message of changed) {
      byId.set(message.id, message);
    }
    return new ChatLog([...byId.values()].sort(byTime));
  }

  /**
   * The room was joined anew, and `tail` is what it now shows. What is held from before stays when the tail meets it;
   * else there may be a gap between the two, and only the tail is kept.
   */
  rejoined(tail: readonly ChatMessage[]): ChatLog {
    const known = new Set(this.messages.map((message) => message.id));
    return tail.some((message) => known.has(message.id)) ? this.with(tail) : new ChatLog([...tail].sort(byTime));
  }

  find(id: string): ChatMessage | undefined {
    return this.messages.find((message) => message.id === id);
  }

  /** The newest message of `userId` that can still be edited. */
  lastBy(userId: string): ChatMessage | undefined {
    return this.messages.findLast((message) => message.user_id === userId && message.deleted !== true);
  }
}

/** When a message was posted, in milliseconds since 1970. */
export function postedAt(message: ChatMessage): number {
  return Date.parse(message.created_at);
}

function byTime(one: ChatMessage, other: ChatMessage): number {
  return postedAt(one) - postedAt(other);
}
