/** The chat of an open room as signals: what was said, what of it is unread, and how older messages come in. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { ChatMessage, RestClient, Room, StoredMessage } from "../../../client/src/index.ts";
import { ChatLog } from "./logic/chatLog.ts";
import { readAll, unreadMessages } from "./logic/unread.ts";

const OLDER_PAGE = 50;

/** Remembers up to when a reader has read a room's chat, in milliseconds since 1970. */
export interface ReadMark {
  load(): number | null;
  save(readUpTo: number): void;
}

export type OlderState = "more" | "loading" | "failed" | "none";

export class ChatStore {
  readonly messages: ReadonlySignal<readonly ChatMessage[]>;
  readonly unread: ReadonlySignal<number>;
  /** The message above which the "new" line stands while the chat is looked at; null: none. */
  readonly firstNewId = signal<string | null>(null);
  readonly older = signal<OlderState>("none");

  readonly #room: Room;
  readonly #rest: () => RestClient | null;
  readonly #userId: () => string;
  readonly #mark: ReadMark;
  readonly #log = signal(new ChatLog());
  readonly #readUpTo = signal<number | null>(null);
  readonly #lookers = new Set<object>();

  /** `rest` reads the older messages; where it is null, there are none to be had. */
  constructor(room: Room, rest: () => RestClient | null, userId: () => string, mark: ReadMark) {
    this.#room = room;
    this.#rest = rest;
    this.#userId = userId;
    this.#mark = mark;
    this.#readUpTo.value = mark.load();
    this.messages = computed(() => this.#log.value.messages);
    this.unread = computed(() => this.#unread().length);
  }

  /** The room was joined: `tail` are its newest messages. */
  joined(tail: readonly ChatMessage[]): void {
    const before = this.#log.value;
    const after = before.rejoined(tail);
    this.#log.value = after;
    if (after.messages[0]?.id !== before.messages[0]?.id) {
      this.older.value = after.messages.length > 0 && this.#rest() !== null ? "more" : "none";
    }
    if (this.#readUpTo.value === null) {
      this.#read(); // on the first visit nothing counts as missed
    }
    this.#lookedAt();
  }

  /** A message is new, or it changed. */
  received(message: ChatMessage): void {
    this.#log.value = this.#log.value.with([message]);
    this.#lookedAt();
  }

  /**
   * Whether `looker` (a panel, say) has the chat in sight. What was unread when it first came into sight stays marked
   * until it is in no looker's sight any more.
   */
  look(isLooking: boolean, looker: object = this): void {
    const before = this.#isLookedAt;
    if (isLooking) this.#lookers.add(looker);
    else this.#lookers.delete(looker);
    const isLookedAt = this.#isLookedAt;
    if (isLookedAt === before) {
      return;
    }
    this.firstNewId.value = isLookedAt ? (this.#unread()[0]?.id ?? null) : null;
    this.#lookedAt();
  }

  find(id: string): ChatMessage | undefined {
    return this.#log.value.find(id);
  }

  /** The reader's own newest message that can be edited. */
  get lastOwn(): ChatMessage | undefined {
    return this.#log.value.lastBy(this.#userId());
  }

  /** Resolves once the room has posted it. */
  async send(content: string, replyTo: string | null): Promise<void> {
    await this.#room.sendChat(content, replyTo === null ? {} : { replyTo });
    this.firstNewId.value = null;
  }

  /** Bring in the page of messages before the oldest one held. */
  async loadOlder(): Promise<void> {
    const oldest = this.#log.value.messages[0];
    const rest = this.#rest();
    if (this.older.value === "loading" || this.older.value === "none" || oldest === undefined || rest === null) {
      return;
    }
    this.older.value = "loading";
    try {
      const page = await rest.messages(this.#room.roomId, { before: oldest.created_at, limit: OLDER_PAGE });
      this.#log.value = this.#log.value.with(page.items.map(asChatMessage));
      this.older.value = page.next === null ? "none" : "more";
    } catch {
      this.older.value = "failed";
    }
  }

  get #isLookedAt(): boolean {
    return this.#lookers.size > 0;
  }

  #unread(): readonly ChatMessage[] {
    return unreadMessages(this.#log.value.messages, this.#readUpTo.value ?? Number.POSITIVE_INFINITY, this.#userId());
  }

  #lookedAt(): void {
    if (this.#isLookedAt) {
      this.#read();
    }
  }

  #read(): void {
    const readUpTo = readAll(this.#log.value.messages, this.#readUpTo.value ?? 0);
    if (readUpTo !== this.#readUpTo.value) {
      this.#readUpTo.value = readUpTo;
      this.#mark.save(readUpTo);
    }
  }
}

/** REST names the id of a message in full. */
function asChatMessage({ message_id, ...rest }: StoredMessage): ChatMessage {
  return { id: message_id, ...rest };
}
