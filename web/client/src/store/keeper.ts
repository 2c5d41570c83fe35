/** Keeps the unsaved edits of one client in the database while it lives. */

import type { SavedState } from "../saved-state.ts";
import type { ClientState } from "../state.ts";
import type { StateEvent } from "../state-events.ts";
import type { Database } from "./database.ts";
import { Journal } from "./journal.ts";
import type { Owner } from "./record.ts";

/** Milliseconds after which nobody waits for a write any longer: edits then go out without it. */
const PATIENCE = 3_000;
/** Milliseconds for which the text lies on when everything is durable, so that writing on need not write it again. */
const LINGER = 3_000;

/** What a record says of how edits are numbered. */
interface Numbering {
  waiting: number;
  lastSeq: number;
  entries: number;
}

/** Where the record lies. */
export type Records = Pick<Database, "write" | "settle" | "remove">;

/** A write under way; `numbering` is null for one that removes the record. */
interface Write {
  numbering: Numbering | null;
  done: Promise<void>;
}

/**
 * The record of one client, behind a lock that its tab holds.
 *
 * A write is begun in the turn in which an edit was made; while it is under way, all further changes wait and go into
 * the next one together. When everything is durable, the record is removed, and soon after what lay beside it.
 *
 * A record must never hold an edit without its number, or with an older one, after the edit was sent under it: a client
 * that goes on from that record would send the edit again as another. So `gate` holds back what is sent until the record
 * has the number. That only happens after joining and when the window was full: an edit made while online is sent in the
 * turn in which it is made, so no record knows it without its number.
 */
export class Keeper {
  readonly id: string;
  /** What the record held when it was opened. */
  readonly found: SavedState | null;
  readonly #records: Records;
  readonly #owner: Owner;
  readonly #unlock: () => void;
  readonly #journal = new Journal();
  #state: ClientState | null = null;
  #onDisk: Numbering | null = null;
  #writes: Write[] = [];
  #isDirty = false;
  #isFailing = false;
  #isReleased = false;
  #hasPieces: boolean;
  #lingering: ReturnType<typeof setTimeout> | undefined;

  constructor(records: Records, owner: Owner, id: string, unlock: () => void, found: SavedState | null) {
    this.#records = records;
    this.#owner = owner;
    this.id = id;
    this.#unlock = unlock;
    this.found = found;
    this.#hasPieces = found !== null;
    if (found !== null) {
      const { unsent, acked, sent } = found.head;
      this.#onDisk = { waiting: unsent.length, lastSeq: acked + sent.length, entries: 0 };
    }
  }

  /** Whether the last write went well. */
  get isWorking(): boolean {
    return !this.#isFailing && !this.#isReleased;
  }

  /** Keep the edits of `state`, which goes on from what was found, or has begun before with nothing kept. */
  watch(state: ClientState): void {
    this.#state = state;
    if (this.found === null && !state.replica.isDurable) this.#isDirty = true;
    this.step([]);
  }

  /** The state made a step that led to `events`. */
  step(events: readonly (StateEvent | { type: "status" })[]): void {
    const state = this.#state;
    if (state === null || this.#isReleased) return;
    let edited = false;
    for (const event of events) {
      if (event.type !== "text") continue;
      this.#journal.note(event.op);
      edited ||= event.own;
    }
    const newest = this.#writes.length > 0 ? (this.#writes.at(-1)?.numbering ?? null) : this.#onDisk;
    const isOutdated = newest !== null && (state.replica.isDurable || isHazard(newest, state));
    if (isOutdated || (edited && !state.replica.isDurable)) this.#isDirty = true;
    if (this.#isDirty && this.#writes.length === 0) this.#write();
  }

  /** A promise while nothing may be sent; it never rejects. */
  gate(): Promise<void> | null {
    const state = this.#state;
    if (state === null || this.#isFailing) return null;
    const possible = [this.#onDisk, ...this.#writes.map((write) => write.numbering)];
    if (!possible.some((numbering) => numbering !== null && isHazard(numbering, state))) return null;
    if (this.#writes.length === 0) this.#write();
    return this.#writes.at(-1)?.done ?? null;
  }

  /** The page may be about to end: write what waits at once, also while another write is under way, and leave no text. */
  flush(): void {
    if (this.#isReleased) return;
    if (this.#isDirty) this.#write();
    this.#clear();
  }

  /** Give the record up: what is left in it may be adopted by others. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.flush();
    this.#isReleased = true;
    clearTimeout(this.#lingering);
    await Promise.all(this.#writes.map((write) => write.done));
    this.#unlock();
  }

  #write(): void {
    const state = this.#state;
    if (state === null) return;
    this.#isDirty = false;
    clearTimeout(this.#lingering);
    const saved = state.save();
    if (saved === null) {
      this.#begin(null, this.#records.settle(this.id));
    } else {
      this.#hasPieces = true;
      this.#begin(numberingOf(state), this.#records.write(this.id, this.#owner, this.#journal.plan(saved)));
    }
  }

  /** When there is nothing to deliver, remove all that lies there. What a tab leaves all the same, the next one clears. */
  #clear(): void {
    clearTimeout(this.#lingering);
    if (!this.#hasPieces || this.#state?.replica.isDurable !== true) return;
    this.#hasPieces = false;
    this.#journal.lost();
    this.#begin(null, this.#records.remove(this.id));
  }

  #begin(numbering: Numbering | null, work: Promise<void>): void {
    const write: Write = { numbering, done: this.#follow(work, () => write) };
    this.#writes.push(write);
  }

  /** Resolves when the write is done or has failed, or after a while in any case. */
  #follow(work: Promise<void>, write: () => Write): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#isFailing = true;
        resolve();
      }, PATIENCE);
      const ended = (isDone: boolean) => {
        clearTimeout(timer);
        this.#isFailing = !isDone;
        const at = this.#writes.indexOf(write());
        if (isDone) this.#onDisk = write().numbering;
        else this.#journal.lost();
        this.#writes.splice(isDone ? 0 : at, isDone ? at + 1 : 1);
        resolve();
        if (this.#isReleased || this.#writes.length > 0) return;
        if (this.#isDirty) this.#write();
        else if (this.#onDisk === null && this.#hasPieces) this.#lingering = setTimeout(() => this.#clear(), LINGER);
      };
      work.then(
        () => ended(true),
        () => ended(false),
      );
    });
  }
}

function numberingOf(state: ClientState): Numbering {
  return { waiting: state.replica.unsent.length, lastSeq: state.replica.lastSeq, entries: state.entries };
}

/** Whether edits that a record holds may have got numbers since that it does not know. */
function isHazard(numbering: Numbering, state: ClientState): boolean {
  if (numbering.entries !== state.entries) return true; // edits may have been numbered anew
  return numbering.waiting > 0 && numbering.lastSeq !== state.replica.lastSeq;
}
