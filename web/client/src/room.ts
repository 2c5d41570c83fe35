/** Room: one room as an application has it. */

import { watchPage } from "./attention.ts";
import { Conditions, Listeners } from "./dispatch.ts";
import { type RayroomsError, UnavailableError } from "./errors.ts";
import type { ConnectionStatus, RoomEventName, RoomEvents, SaveState } from "./events.ts";
import { newId } from "./ids.ts";
import { Keeping } from "./keeping.ts";
import type { ChatMessage, Operation, Participant, Range, Role } from "./protocol.ts";
import { Requests } from "./requests.ts";
import { Runner, type RunnerEvent, type RunnerOptions } from "./runner.ts";
import type { SavedState } from "./saved-state.ts";
import { ClientState } from "./state.ts";
import type { EditStore } from "./store/edit-store.ts";
import { diff, fromPositionEdit, isNoop } from "./text/index.ts";
import { DEFAULT_TIMING, type Timing } from "./timing.ts";
import type { Connect } from "./transport/connection.ts";
import { TRANSPORTS, type TransportName } from "./transport/index.ts";

export interface RoomOptions {
  /** Of the server, as it is served: `http(s)://host[:port]`, in a page `location.origin`. */
  url: string;
  roomId: string;
  /** Asked before each connection. */
  token: () => string | Promise<string>;
  /** The user whom the tokens stand for, who owns the edits that are kept: needed with `store`. */
  userId?: string;
  /** Default: json. */
  transport?: TransportName;
  /** Makes the connections, in place of a transport by name; it is given `url` and a token. */
  connect?: Connect;
  /** Keeps unsaved edits over the end of the page: see `openEditStore`. */
  store?: EditStore | null;
  /** Under which edits are numbered, if not under a fresh id. No two clients may go by one at a time. */
  clientId?: string;
  /** How many edits may be on their way unacknowledged. */
  window?: number;
  timing?: Partial<Timing>;
}

/**
 * A live copy of a room's document, opened with `Room.open`.
 *
 * Edits are applied to `text` at once and never wait: they are sent when there is a connection, sent again after one
 * broke, and kept until they are in the database. Offsets count Unicode code points.
 */
export class Room {
  /** The room was joined for the first time. Rejects once the room is closed without that: with why nobody gets in. */
  readonly ready: Promise<void>;
  readonly roomId: string;

  readonly #timing: Timing;
  readonly #runner: Runner;
  readonly #keeping: Keeping;
  readonly #listeners = new Listeners<RoomEvents>();
  readonly #conditions = new Conditions();
  readonly #requests = new Requests();
  readonly #running: Promise<void>;
  readonly #unwatch: () => void;
  #presence: "online" | "away" = "online";
  #entries = 0;
  #saved: SaveState;
  #closing: Promise<void> | null = null;

  /** Starts to connect at once and goes on until `close`; never throws. */
  static open(options: RoomOptions): Room {
    return new Room(options);
  }

  private constructor(options: RoomOptions) {
    const { roomId, clientId, window } = options;
    this.roomId = roomId;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    const stateOptions = { newClientId: newId, ...(window !== undefined && { window }) };
    const state = new ClientState(roomId, { ...stateOptions, ...(clientId !== undefined && { clientId }) });
    this.#saved = state.saved;
    const connection: Omit<RunnerOptions, "look" | "tell" | "gate"> = {
      url: options.url,
      connect: options.connect ?? TRANSPORTS[options.transport ?? "json"],
      token: options.token,
      timing: this.#timing,
      random: Math.random,
      now: () => performance.now(),
    };
    this.#keeping = new Keeping(options, stateOptions, connection, (refused) => {
      this.#listeners.post("editRefused", refused);
      this.#listeners.tell();
    });
    this.#runner = new Runner(state, {
      ...connection,
      look: (events) => this.#look(events),
      tell: () => this.#listeners.tell(),
      gate: () => this.#keeping.gate(),
    });
    this.ready = this.#conditions.wait(() => this.#state.hasJoined);
    this.ready.catch(() => {}); // who does not ask need not know
    this.#unwatch = watchPage({ doubted: () => this.#runner.hurry(), leaving: () => this.#keeping.flush() });
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const found = await this.#keeping.start(() => this.#state);
    if (found !== null && this.failure === null) {
      found.setPresence(this.#presence);
      this.#runner.state = found;
      if (found.text !== "") this.#listeners.post("text", { op: [found.text], own: false });
    }
    this.#runner.step();
    await this.#runner.run();
  }

  // -------------------------------------------------------------- reading

  /** The document, with all own edits. */
  get text(): string {
    return this.#state.text;
  }

  /** The newest version seen. */
  get version(): number {
    return this.#state.version;
  }

  get status(): ConnectionStatus {
    return this.#runner.status;
  }

  /** Why the room is closed for good. */
  get failure(): RayroomsError | null {
    return this.#state.failure;
  }

  get saved(): SaveState {
    return this.#state.saved;
  }

  /** The own edits that are not in the database, with all that they stand on; null when there are none. */
  get unsaved(): SavedState | null {
    return this.#state.save();
  }

  /** Whether edits that are not saved yet would survive the end of this page. */
  get keepsEdits(): boolean {
    return this.#keeping.isWorking;
  }

  get role(): Role | null {
    return this.#state.role;
  }

  /** This session's name among the participants. */
  get sessionId(): string | null {
    return this.#state.sessionId;
  }

  /** Under which own edits are numbered. */
  get clientId(): string {
    return this.#state.clientId;
  }

  /** The room's name; empty before it was joined. */
  get name(): string {
    return this.#state.name;
  }

  get language(): string {
    return this.#state.language;
  }

  /** The connected sessions, this one too, in the order they came. */
  get participants(): Participant[] {
    return this.#state.company.participants;
  }

  get others(): Participant[] {
    return this.#state.others;
  }

  /** The others' selections by session id, as they stand in `text` right now. */
  get cursors(): Map<string, Range[]> {
    return this.#state.cursors;
  }

  /** The newest chat messages, oldest first. */
  get messages(): ChatMessage[] {
    return [...this.#state.company.messages];
  }

  get #state(): ClientState {
    return this.#runner.state;
  }

  // -------------------------------------------------------------- doing

  /**
   * Apply an operation at once, and send it as soon as possible.
   *
   * Throws InvalidError when it does not fit the text, ForbiddenError (read_only) for a viewer, and why the room is
   * closed once it is.
   */
  edit(op: Operation): void {
    this.#do((state) => state.edit(op));
  }

  /** Insert `text`. Throws as `edit`. */
  insert(position: number, text: string): void {
    this.edit(fromPositionEdit("insert", position, { content: text }));
  }

  /** Delete `count` code points. Throws as `edit`. */
  delete(position: number, count: number): void {
    this.edit(fromPositionEdit("delete", position, { length: count }));
  }

  /** Make the document `text` by an edit of what differs. Throws as `edit`. */
  setText(text: string): void {
    const op = diff(this.text, text);
    if (!isNoop(op)) this.edit(op);
  }

  /** Show the others one's selections; the first is the main one. Throws InvalidError outside the text. */
  setCursor(ranges: readonly Range[]): void {
    this.#do((state) => state.setCursor(ranges));
  }

  /** Tell the others; they are told again whenever the room is joined anew. */
  setPresence(status: "online" | "away"): void {
    this.#presence = status;
    this.#do((state) => state.setPresence(status));
  }

  /** Tell the others; does nothing while there is no connection. */
  setTyping(isTyping: boolean): void {
    if (this.#state.phase === "joined") this.#do((state) => state.setTyping(isTyping));
  }

  /**
   * Post a message. Resolves when the room has done so, and rejects when it refuses or when the connection breaks before
   * it answers. Chat is not queued: without a connection it rejects with UnavailableError. So do the next three.
   */
  async sendChat(content: string, options: { replyTo?: string | undefined } = {}): Promise<void> {
    await this.#ask((state) => state.sendChat(content, options));
  }

  async editMessage(id: string, content: string): Promise<void> {
    await this.#ask((state) => state.editMessage(id, content));
  }

  async deleteMessage(id: string): Promise<void> {
    await this.#ask((state) => state.deleteMessage(id));
  }

  /** Add a reaction, or take it back. */
  async react(id: string, emoji: string): Promise<void> {
    await this.#ask((state) => state.react(id, emoji));
  }

  // -------------------------------------------------------------- waiting

  /**
   * Resolves with a version that the room was at after this was called, once that is here and all own edits made before
   * are committed. Rejects with why the room was closed.
   */
  async sync(): Promise<number> {
    for (;;) {
      await this.#until(({ phase, replica }) => phase === "joined" && replica.isAcked);
      const { entries } = this.#state;
      const version = await this.#ask((state) => state.askVersion()).catch((error: unknown) => {
        if (this.failure !== null || !(error instanceof UnavailableError)) throw error;
        return null;
      });
      if (version === null) continue;
      await this.#until((state) => state.version >= version || state.entries !== entries);
      if (this.#state.version >= version) return version;
    }
  }

  /**
   * Resolves when all own edits are in the database. Rejects with UnavailableError when they are not within `timeout`
   * milliseconds, and with why the room was closed.
   */
  whenSaved(timeout?: number): Promise<void> {
    return this.#until((state) => state.replica.isDurable, timeout);
  }

  /** Try to connect at once instead of waiting, as a button may ask for; make sure of the connection that there is. */
  reconnect(): void {
    this.#runner.hurry();
  }

  /**
   * Leave the room. With `wait` (the default), first wait a while until all edits are saved.
   *
   * With `wait`, rejects with UnavailableError when some are not saved by then and not kept for later either.
   */
  close(options: { wait?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(options.wait ?? true);
    return this.#closing;
  }

  /** Call `listener` with each such event. Returns what takes that back. */
  on<E extends RoomEventName>(event: E, listener: (data: RoomEvents[E]) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  // -------------------------------------------------------------- parts

  async #close(wait: boolean): Promise<void> {
    if (wait && this.failure === null) await this.whenSaved(this.#timing.closeTimeout).catch(() => {});
    const isKept = this.keepsEdits;
    if (this.failure === null) this.#state.fail(new UnavailableError("This room was closed."));
    this.#runner.stop();
    this.#runner.step();
    this.#unwatch();
    await this.#running;
    await this.#keeping.end();
    if (wait && !isKept && !this.#state.replica.isDurable) {
      throw new UnavailableError("The room was left with edits that are not saved.");
    }
  }

  #do(what: (state: ClientState) => void): void {
    this.#checkOpen();
    what(this.#state);
    this.#runner.step();
  }

  /** Resolves with the room's answer. */
  async #ask(what: (state: ClientState) => number): Promise<number | null> {
    this.#checkOpen();
    const answer = this.#requests.ask(what(this.#state));
    this.#runner.step();
    return answer;
  }

  async #until(holds: (state: ClientState) => boolean, timeout?: number): Promise<void> {
    if (!holds(this.#state)) this.#checkOpen();
    const late = () => this.#runner.error ?? new UnavailableError("It took too long.");
    await this.#conditions.wait(() => holds(this.#state), timeout, late);
  }

  #checkOpen(): void {
    if (this.failure !== null) throw this.failure;
  }

  /** Something happened: whoever waits for it goes on, and the application will be told. */
  #look(events: readonly RunnerEvent[]): void {
    const state = this.#state;
    this.#keeping.step(events);
    for (const event of events) this.#post(event);
    if (state.entries !== this.#entries || this.status !== "online") {
      this.#requests.fail(state.failure ?? new UnavailableError("The connection broke before the room answered."));
    }
    if (state.entries !== this.#entries) {
      this.#listeners.post("joined", { first: this.#entries === 0 });
      this.#entries = state.entries;
      this.#keeping.deliverOthers();
    }
    const { saved } = state;
    if (saved.kind !== this.#saved.kind || saved.unsent !== this.#saved.unsent) {
      this.#saved = saved;
      this.#listeners.post("saved", saved);
    }
    this.#conditions.look();
    if (state.failure !== null) this.#conditions.fail(state.failure);
  }

  #post(event: RunnerEvent): void {
    const listeners = this.#listeners;
    switch (event.type) {
      case "text":
        listeners.post("text", { op: event.op, own: event.own });
        break;
      case "chat":
        listeners.post("chat", { message: event.message, fresh: event.fresh });
        break;
      case "cursor":
        listeners.post("cursor", { sessionId: event.sessionId, userId: event.userId, ranges: event.ranges });
        break;
      case "presence":
        listeners.post("presence", { sessionId: event.sessionId, participant: event.participant });
        break;
      case "editRefused":
        listeners.post("editRefused", { op: event.op, error: event.error });
        break;
      case "status":
        // Who closes a room knows why.
        listeners.post("status", { status: event.status, error: this.#closing === null ? event.error : null });
        break;
      case "answered":
        this.#requests.answer(event.ref, null);
        break;
      case "confirmed":
        this.#requests.answer(event.ref, event.version);
        break;
      case "requestRefused":
        if (!this.#requests.refuse(event.ref, event.error)) {
          listeners.post("requestRefused", { error: event.error, ref: event.ref });
        }
    }
  }
}
