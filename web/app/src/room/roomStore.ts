/** An open room as signals: what the page shows of it, and nothing that it could ask the room for. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { UnavailableError } from "../../../client/src/errors.ts";
import type {
  ConnectionStatus,
  Operation,
  Participant,
  RayroomsError,
  RestClient,
  Role,
  Room,
  SaveState,
} from "../../../client/src/index.ts";
import { ChatStore, type ReadMark } from "./chatStore.ts";
import { type Doing, EditingWatch } from "./logic/activity.ts";
import { type MemberFacts, type Person, peopleOf } from "./logic/people.ts";
import { type RefusedEdits, withRefused } from "./logic/refused.ts";
import { MemberList } from "./memberList.ts";

/** Who edits is looked at this often. */
const LOOK_EVERY_MS = 100;
const MEMBERSHIP_ENDS_WITHIN_MS = 2_000;

export interface RoomStoreOptions {
  room: Room;
  /** How the server is asked now; null while there is no way to it but the room's own connection. */
  rest: () => RestClient | null;
  /** Empty when only the room can tell. */
  userId: string;
  readMark: ReadMark;
  /** Milliseconds of a clock that does not go back. */
  now: () => number;
  /** Calls back after `ms`; returns what cancels that. */
  after: (ms: number, callback: () => void) => () => void;
}

export class RoomStore {
  readonly room: Room;
  readonly chat: ChatStore;

  readonly status = signal<ConnectionStatus>("connecting");
  /** Why the room will not have this client any more; null while it will. */
  readonly failure = signal<RayroomsError | null>(null);
  /** Why there is no connection, or the room takes no edits, while that is so. */
  readonly trouble = signal<RayroomsError | null>(null);
  /** Whether the room has ever let this client in. */
  readonly entered = signal(false);
  readonly saved = signal<SaveState>({ kind: "saved", unsent: 0 });
  readonly name = signal("");
  readonly language = signal("text");
  readonly role = signal<Role | null>(null);
  /** Whether only members may enter; null until that was read. */
  readonly isPrivate = signal<boolean | null>(null);
  readonly participants = signal<readonly Participant[]>([]);
  readonly members: ReadonlySignal<readonly MemberFacts[]>;
  readonly people: ReadonlySignal<readonly Person[]>;
  /** The same people without what they do, which changes often. */
  readonly known: ReadonlySignal<readonly Person[]>;
  /** The people who are connected now, others first. */
  readonly present: ReadonlySignal<readonly Person[]>;
  /** Whether the reader is about to leave for good: that the room ends then is no news. */
  readonly isLeaving = signal(false);
  readonly refused = signal<RefusedEdits | null>(null);

  readonly #editing = signal<readonly string[]>([]);
  readonly #watch = new EditingWatch();
  readonly #members: MemberList;
  readonly #options: RoomStoreOptions;
  readonly #unsubscribe: (() => void)[];
  #lookedAt = Number.NEGATIVE_INFINITY;
  #cancelReading: () => void = () => undefined;
  #cancelEditing: () => void = () => undefined;

  constructor(options: RoomStoreOptions) {
    const { room, rest, readMark } = options;
    this.#options = options;
    this.room = room;
    this.chat = new ChatStore(room, rest, () => this.userId, readMark);
    this.#members = new MemberList(rest, room.roomId);
    this.members = this.#members.all;
    this.people = computed(() => peopleOf(this.members.value, this.participants.value, this.userId, this.#doing()));
    this.known = computed(() => peopleOf(this.members.value, this.participants.value, this.userId, new Map()));
    this.present = computed(() => {
      const here = this.known.value.filter((person) => person.status !== "offline");
      return [...here.filter((person) => !person.isYou), ...here.filter((person) => person.isYou)];
    });
    this.#unsubscribe = this.#listen();
    this.#follow();
  }

  /** Whose session this is. */
  get userId(): string {
    const { sessionId } = this.room;
    const own = this.participants.value.find((participant) => participant.session_id === sessionId);
    return own?.user_id ?? this.#options.userId;
  }

  /** Throws UnavailableError while there is no way to the server but the room's own connection. */
  get rest(): RestClient {
    const rest = this.#options.rest();
    if (rest === null) throw new UnavailableError("The server cannot be asked over this connection.");
    return rest;
  }

  /** Whether unsent edits outlive the tab. */
  get kept(): boolean {
    return this.room.keepsEdits;
  }

  /** May manage members and invitations. */
  get rules(): boolean {
    return this.role.value === "owner" || this.role.value === "admin";
  }

  /** A person's name, also of someone who has left. */
  nameOf(userId: string): string {
    const person = this.known.value.find((one) => one.userId === userId);
    return person?.name ?? this.chat.messages.value.find((message) => message.user_id === userId)?.name ?? "Someone";
  }

  /** Those who write a chat message now, but for oneself. */
  get typing(): readonly Person[] {
    return this.people.value.filter((person) => !person.isYou && person.doing === "writing");
  }

  /** Leave the room, and its membership. Rejects with why that failed; the room is closed in either case. */
  async leave(): Promise<void> {
    this.isLeaving.value = true;
    await this.room.close().catch(() => undefined); // while open it would come back to a public room by itself
    await this.rest.leave(this.room.roomId);
  }

  /** Delete the room for everyone. Rejects with why that failed. */
  async delete(): Promise<void> {
    this.isLeaving.value = true;
    try {
      await this.rest.deleteRoom(this.room.roomId);
    } catch (error) {
      this.isLeaving.value = false;
      throw error;
    }
  }

  async refreshMembers(): Promise<void> {
    await this.#members.refresh();
  }

  dispose(): void {
    this.#cancelReading();
    this.#cancelEditing();
    for (const unsubscribe of this.#unsubscribe) {
      unsubscribe();
    }
  }

  #listen(): (() => void)[] {
    const { room } = this;
    return [
      room.on("status", ({ status, error }) => {
        this.status.value = status;
        this.trouble.value = status === "online" ? null : error;
        this.failure.value = room.failure;
      }),
      room.on("joined", () => {
        this.#follow();
        this.chat.joined(room.messages);
        void this.#members.refresh();
        void this.#describe();
      }),
      room.on("presence", ({ participant }) => {
        this.participants.value = room.participants;
        this.role.value = room.role;
        if (participant === null) this.#someoneLeft();
        else void this.#members.meet(participant);
      }),
      room.on("text", ({ op, own }) => {
        if (!own && this.status.value === "online") {
          this.#changed(op); // what comes with joining was written before
        }
      }),
      room.on("chat", ({ message }) => this.chat.received(message)),
      room.on("saved", (saved) => {
        this.saved.value = saved;
      }),
      room.on("editRefused", ({ op, error }) => {
        this.refused.value = withRefused(this.refused.value, op, error.message);
      }),
    ];
  }

  /** Whoever gives up their membership is gone from the room first, and from the list of members a little later. */
  #someoneLeft(): void {
    const read = (): void => void this.#members.refresh();
    read();
    this.#cancelReading();
    this.#cancelReading = this.#options.after(MEMBERSHIP_ENDS_WITHIN_MS, read);
  }

  /** Take over what the room holds now. */
  #follow(): void {
    const { room } = this;
    this.status.value = room.status;
    this.failure.value = room.failure;
    this.saved.value = room.saved;
    this.role.value = room.role;
    this.participants.value = room.participants;
    this.entered.value = this.entered.value || room.status === "online";
    if (room.name !== "") {
      this.name.value = room.name;
      this.language.value = room.language;
    }
  }

  /** What the room itself does not tell; the next join asks again when it cannot be read. */
  async #describe(): Promise<void> {
    const details = await this.#options
      .rest()
      ?.room(this.room.roomId)
      .catch(() => null);
    this.isPrivate.value = details?.private ?? this.isPrivate.value;
  }

  #doing(): ReadonlyMap<string, Doing> {
    const doing = new Map<string, Doing>(this.#editing.value.map((sessionId) => [sessionId, "editing"]));
    for (const participant of this.participants.value) {
      if (participant.typing === true) {
        doing.set(participant.session_id, "writing");
      }
    }
    return doing;
  }

  /** Someone else edited. Of many edits at a time some are looked at: each look costs a walk over all cursors. */
  #changed(op: Operation): void {
    const now = this.#options.now();
    if (now - this.#lookedAt >= LOOK_EVERY_MS) {
      this.#lookedAt = now;
      this.#watch.changed(op, this.room.cursors, now);
      this.#tellEditing();
    }
  }

  /** Show who edits, and look again when the first of them should have stopped. */
  #tellEditing(): void {
    const now = this.#options.now();
    const editing = this.#watch.editing(now);
    const shown = this.#editing.peek();
    if (editing.length !== shown.length || editing.some((sessionId) => !shown.includes(sessionId))) {
      this.#editing.value = editing;
    }
    this.#cancelEditing();
    const end = this.#watch.nextEnd;
    if (end !== null) {
      this.#cancelEditing = this.#options.after(end - now, () => this.#tellEditing());
    }
  }
}
