/** The state machine of a client in one room: what it sends and tells for each thing that it does or receives. Pure. */

import { Company, place } from "./company.ts";
import { Editing } from "./editing.ts";
import { type RayroomsError, UnavailableError } from "./errors.ts";
import type { SaveState } from "./events.ts";
import { Membership, readOnly } from "./membership.ts";
import { Outbox } from "./outbox.ts";
import type { ClientEvent, Operation, Participant, Range, Role, ServerEvent } from "./protocol.ts";
import type { Replica } from "./replica.ts";
import { restoreReplica, type SavedState, saveState } from "./saved-state.ts";
import { type Phase, Standing } from "./standing.ts";
import type { StateEvent } from "./state-events.ts";

export const DEFAULT_WINDOW = 100;

export interface ClientStateOptions {
  /** Returns a fresh id. */
  newClientId: () => string;
  clientId?: string;
  /** How many edits may be on their way at once. */
  window?: number;
}

/**
 * A client's side of one room.
 *
 * Every method is one step. What is to be sent collects in `takeOutbox`, what the application is to know in
 * `takeEvents`. Its shell carries messages, calls `connected`, `join` (whenever `phase` is "astray"; after a while when
 * `retry` says why) and `disconnected`, and does the waiting.
 */
export class ClientState {
  readonly roomId: string;
  readonly company = new Company();
  readonly #standing = new Standing();
  readonly #outbox: Outbox;
  readonly #editing: Editing;
  readonly #membership: Membership;
  #events: StateEvent[] = [];

  constructor(roomId: string, options: ClientStateOptions, replica?: Replica) {
    const { newClientId, clientId = newClientId(), window = DEFAULT_WINDOW } = options;
    this.roomId = roomId;
    this.#outbox = new Outbox(roomId);
    const { company } = this;
    const [standing, outbox] = [this.#standing, this.#outbox];
    const tell = (event: StateEvent) => this.#events.push(event);
    const editing = new Editing({ clientId, window, outbox, tell }, replica);
    this.#editing = editing;
    this.#membership = new Membership({ standing, editing, company, outbox, tell, newClientId });
  }

  /**
   * Go on from what an earlier client saved, in its name. That client must be gone: no two may go by one id.
   *
   * Throws InvalidError when the state is of another format or damaged.
   */
  static restore(saved: SavedState, options: Omit<ClientStateOptions, "clientId">): ClientState {
    const { room_id, client_id, is_known, is_doubted, version_epoch } = saved.head;
    const state = new ClientState(room_id, { ...options, clientId: client_id }, restoreReplica(saved));
    state.#membership.isKnown = is_known && !is_doubted;
    state.#membership.isRestored = true;
    state.#editing.versionEpoch = version_epoch;
    return state;
  }

  // ---------------------------------------------------------------- reading

  get clientId(): string {
    return this.#editing.clientId;
  }

  get phase(): Phase {
    return this.#standing.phase;
  }

  /** Why to wait before the next join. */
  get retry(): RayroomsError | null {
    return this.#standing.retry;
  }

  /** Why the room will not have this client. */
  get failure(): RayroomsError | null {
    return this.#standing.failure;
  }

  /** How often the room has let this client in. */
  get entries(): number {
    return this.#standing.entries;
  }

  /** Whether the room has ever let this client in. */
  get hasJoined(): boolean {
    return this.entries > 0;
  }

  /** The room's name. */
  get name(): string {
    return this.#membership.name;
  }

  /** The language of the room's document. */
  get language(): string {
    return this.#membership.language;
  }

  get role(): Role | null {
    return this.#membership.role;
  }

  get sessionId(): string | null {
    return this.#membership.sessionId;
  }

  get replica(): Replica {
    return this.#editing.replica;
  }

  /** The document with all own edits. */
  get text(): string {
    return this.replica.text;
  }

  /** The newest version seen. */
  get version(): number {
    return this.replica.version;
  }

  /** Whether all own edits are in the database. */
  get saved(): SaveState {
    const unsent = this.replica.sent.length + this.replica.unsent.length;
    const isConnected = this.phase === "joined" || this.phase === "joining" || this.phase === "astray";
    return { kind: isConnected ? (this.replica.isDurable ? "saved" : "saving") : "offline", unsent };
  }

  /** The own selections in the local text. */
  get cursor(): readonly Range[] | null {
    return this.#editing.cursor;
  }

  /** All participants but this session. */
  get others(): Participant[] {
    return this.company.participants.filter((one) => one.session_id !== this.#membership.sessionId);
  }

  /** The others' selections by session id, as they stand in the local text. */
  get cursors(): Map<string, Range[]> {
    const placed = new Map<string, Range[]>();
    for (const { session_id, cursor } of this.others) {
      if (cursor) {
        placed.set(session_id, place(cursor.ranges, this.replica));
      }
    }
    return placed;
  }

  /** The messages to send since the last call, in order. */
  takeOutbox(): ClientEvent[] {
    return this.#outbox.take();
  }

  /** What happened since the last call, in order. */
  takeEvents(): StateEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /**
   * All that is needed to go on later as if this client had never been gone; null while all own edits are in the
   * database. No text is copied: the state's own (immutable) values are handed out.
   *
   * What is kept may be older than the client that is gone: then only edits made since are missing, of which those that
   * reached the room are there. But it must be kept anew, before anything is sent, when edits that it holds as `unsent`
   * get numbers, or when the room has let the client in (`entries`), as edits may have got others then: else they would
   * be sent twice.
   */
  save(): SavedState | null {
    if (this.replica.isDurable) {
      return null;
    }
    const identity = {
      room_id: this.roomId,
      client_id: this.clientId,
      is_known: this.#membership.isKnown,
      is_doubted: this.#standing.isDoubted,
      version_epoch: this.#editing.versionEpoch,
    };
    return saveState(identity, this.replica);
  }

  // ---------------------------------------------------------------- connection

  /** There is a new connection; nothing was sent on it yet. */
  connected(): void {
    this.#outbox.clear();
    this.#standing.connected();
  }

  /** The connection is gone with all that was under way. */
  disconnected(): void {
    this.#outbox.clear();
    this.#standing.disconnected();
  }

  /** Ask to enter the room, or to be brought up to date in it. */
  join(): void {
    this.#membership.join();
  }

  /** Nothing will mend it: stay out of the room. */
  fail(error: RayroomsError): void {
    this.#standing.fail(error);
  }

  // ---------------------------------------------------------------- doing

  /**
   * Apply an edit to the local text at once, and send it when possible.
   *
   * Throws InvalidError (invalid_operation, invalid_text), and ForbiddenError (read_only) for a viewer.
   */
  edit(op: Operation): void {
    if (this.#membership.role === "viewer") {
      throw readOnly();
    }
    if (this.#editing.edit(op)) {
      this.#sendUnsent();
    }
  }

  /** The own selections in the local text. Throws InvalidError when they lie outside it. */
  setCursor(ranges: readonly Range[]): void {
    this.#editing.setCursor(ranges);
    this.#sendUnsent();
  }

  /** Tell the others; told again whenever the room is joined anew. */
  setPresence(status: "online" | "away"): void {
    this.#membership.presence = status;
    if (this.phase === "joined") {
      this.#outbox.put("presence_update", { status });
    }
  }

  /** Throws UnavailableError while not in the room. */
  setTyping(isTyping: boolean): void {
    this.#ask().put("typing", { is_typing: isTyping });
  }

  /**
   * Post a message. Returns the `ref` of the event that will answer, "answered" or "requestRefused", as the other
   * requests about chat do. Throws UnavailableError while not in the room: chat is not queued.
   */
  sendChat(content: string, { replyTo }: { replyTo?: string | undefined } = {}): number {
    return this.#ask().put("chat_message", { content, ...(replyTo !== undefined && { reply_to: replyTo }) });
  }

  /** Give an own message another text. Throws UnavailableError while not in the room. */
  editMessage(messageId: string, content: string): number {
    return this.#ask().put("edit_message", { message_id: messageId, content });
  }

  /** Take back a message. Throws UnavailableError while not in the room. */
  deleteMessage(messageId: string): number {
    return this.#ask().put("delete_message", { message_id: messageId });
  }

  /** Add a reaction, or take it back. Throws UnavailableError while not in the room. */
  react(messageId: string, emoji: string): number {
    return this.#ask().put("add_reaction", { message_id: messageId, emoji });
  }

  /**
   * Ask for the room's version. Returns the `ref` of the "confirmed" event that will answer.
   *
   * Throws UnavailableError while not in the room.
   */
  askVersion(): number {
    return this.#ask().put("get_sync", { version: this.version });
  }

  /** Keep the connection alive. */
  ping(): void {
    this.#outbox.ping();
  }

  #ask(): Outbox {
    if (this.phase !== "joined") {
      throw new UnavailableError("This client is not in the room now.");
    }
    return this.#outbox;
  }

  /** Take in a message of the present connection. */
  receive(message: ServerEvent): void {
    this.#membership.receive(message);
  }

  #sendUnsent(): void {
    if (this.phase === "joined") {
      this.#editing.send();
    }
  }
}
