/** Who else is in the room, where their cursors are, and what was said: all that is not the document. */

import type { ChatMessage, Cursor, Participant, Range, ServerEvent } from "./protocol.ts";
import type { Replica, Seen } from "./replica.ts";
import type { StateEvent } from "./state-events.ts";
import { transformRange } from "./text/index.ts";

/** Chat messages kept, newest. */
const MAX_MESSAGES = 500;

/**
 * The participants by session id, and the chat tail. What it holds are values: a change makes a new participant,
 * message or list.
 *
 * Cursors are kept right for the newest version seen. They follow the commits by the room's own rule, so that all
 * clients hold the same ones; an insert at the caret of the user who typed it pushes that caret along.
 */
export class Company {
  #messages: readonly ChatMessage[] = [];
  #bySession = new Map<string, Participant>();

  /** All of them, this client's own session too, in the order they came. */
  get participants(): Participant[] {
    return [...this.#bySession.values()];
  }

  /** The newest chat messages, oldest first. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /** Those who are here now, their cursors right for the newest version, and the chat tail. */
  startOver(participants: readonly Participant[], messages: readonly ChatMessage[]): void {
    this.#bySession = new Map(participants.map((one) => [one.session_id, one]));
    this.#messages = [...messages];
  }

  /** Carry all cursors over a commit. One that was taken at a later version waits for it. */
  follow(seen: Seen): void {
    for (const [sessionId, participant] of this.#bySession) {
      const { cursor } = participant;
      const followed = cursor && follow(cursor, participant.user_id, seen);
      if (followed && followed !== cursor) {
        this.#bySession.set(sessionId, { ...participant, cursor: followed });
      }
    }
  }

  /** Take in what others do besides editing; returns what to tell the application. */
  receive(message: ServerEvent, replica: Replica): StateEvent[] {
    switch (message.event) {
      case "user_joined":
        return [this.#put(message.data.user)];
      case "user_left": {
        const sessionId = message.data.session_id;
        return this.#bySession.delete(sessionId) ? [{ type: "presence", sessionId, participant: null }] : [];
      }
      case "cursor_update":
        return this.#moved(message.data.session_id, message.data.cursor, replica);
      case "presence_update":
        return this.#changed(message.data.session_id, { status: message.data.status });
      case "typing":
        return this.#changed(message.data.session_id, { typing: message.data.is_typing });
      case "chat_message":
        return [this.#posted(message.data.message)];
      case "message_changed":
        return [this.#messageChanged(message.data.message)];
      case "reaction_added": {
        const { message_id, reactions } = message.data;
        const known = this.#messages.find((one) => one.id === message_id);
        return known === undefined ? [] : [this.#messageChanged({ ...known, reactions })];
      }
      default:
        return [];
    }
  }

  #put(participant: Participant): StateEvent {
    this.#bySession.set(participant.session_id, participant);
    return { type: "presence", sessionId: participant.session_id, participant };
  }

  #changed(sessionId: string, change: Partial<Participant>): StateEvent[] {
    const participant = this.#bySession.get(sessionId);
    return participant === undefined ? [] : [this.#put({ ...participant, ...change })];
  }

  #moved(sessionId: string, taken: Cursor, replica: Replica): StateEvent[] {
    const participant = this.#bySession.get(sessionId);
    if (participant === undefined) {
      return [];
    }
    const since = replica.since(taken.version);
    const cursor = since === null ? null : since.reduce((at, seen) => follow(at, participant.user_id, seen), taken);
    this.#bySession.set(sessionId, { ...participant, cursor });
    const ranges = cursor === null ? [] : place(cursor.ranges, replica);
    return [{ type: "cursor", sessionId, userId: participant.user_id, ranges }];
  }

  #posted(message: ChatMessage): StateEvent {
    const others = this.#messages.filter((known) => known.id !== message.id);
    const fresh = others.length === this.#messages.length;
    this.#messages = [...others, message].slice(-MAX_MESSAGES);
    return { type: "chat", message, fresh };
  }

  /** It may be older than all that are kept here. */
  #messageChanged(message: ChatMessage): StateEvent {
    this.#messages = this.#messages.map((known) => (known.id === message.id ? message : known));
    return { type: "chat", message, fresh: false };
  }
}

/** Selections at the newest version seen, where they stand in the local text. */
export function place(ranges: readonly Range[], replica: Replica): Range[] {
  const size = replica.length;
  return ranges.map((selection) => {
    const [anchor, head] = replica.place(selection);
    return [Math.min(anchor, size), Math.min(head, size)];
  });
}

/** The cursor of that user after a commit; itself when it was not taken at the version before. */
function follow(cursor: Cursor, userId: string, seen: Seen): Cursor {
  if (cursor.version !== seen.version - 1) {
    return cursor;
  }
  const own = seen.userId === userId;
  return {
    version: seen.version,
    ranges: cursor.ranges.map((selection) => transformRange(selection, seen.op, own)),
  };
}
