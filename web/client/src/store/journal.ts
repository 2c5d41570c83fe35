/** Decides what to write so that a client's saved state can be read back, at a cost that follows the edits. Pure. */

import { weight } from "../portions.ts";
import type { Operation } from "../protocol.ts";
import type { SavedState } from "../saved-state.ts";
import type { KeptHead, KeptOperation } from "./record.ts";

/** An operation that weighs more, in code points, lies beside the row: written once, and not again with every key. */
const LARGE = 256;
/** The text is written anew when the operations since it was weigh as much as half of it, but no less than this, */
const MIN_JOURNAL = 64 * 1024;
/** or when they are so many: reading them back takes time for each. */
const MAX_OPERATIONS = 500;

/** One transaction. What it clears and forgets goes first. */
export interface Plan {
  clears: "everything" | "entries" | "nothing";
  /** Numbers of large operations that are no longer needed. */
  forgets: number[];
  /** The text as it is now; null when it lies there already, as it was before the journal's entries. */
  text: string | null;
  /** A new entry for the journal, the one numbered `entries`. */
  entry: Operation[] | null;
  entries: number;
  large: [number: number, op: Operation][];
  head: KeptHead;
}

/**
 * What lies in the database for one client, once all plans are carried out in order.
 *
 * It is told of every operation that changes the local text, so that a plan can write those since the last one instead
 * of the text.
 */
export class Journal {
  /** Whether a text lies there from which the journal and then `#pending` lead to the local text. */
  #hasText = false;
  #entries = 0;
  #written = { count: 0, weight: 0 };
  #pending: Operation[] = [];
  #pendingWeight = 0;
  #large = new Map<Operation, number>();
  #lastLarge = 0;
  #isLost = true;

  /** The local text was changed by `op`. */
  note(op: Operation): void {
    if (!this.#hasText) return;
    this.#pending.push(op);
    this.#pendingWeight += weight(op);
    if (this.#pending.length > MAX_OPERATIONS || this.#pendingWeight > MIN_JOURNAL) this.#dropText();
  }

  /** Nobody knows what lies there, as when a plan failed: the next one replaces everything. */
  lost(): void {
    this.#dropText();
    this.#large.clear();
    this.#isLost = true;
  }

  /** What to write for `saved`, the state after all operations noted. */
  plan({ head, text }: SavedState): Plan {
    const clearsAll = this.#isLost;
    this.#isLost = false;
    const { large, forgets, keptHead } = this.#planHead(head);
    const entry = this.#planEntry(text.length);
    const writesText = !this.#hasText;
    if (writesText) {
      this.#hasText = true;
      this.#entries = 0;
      this.#written = { count: 0, weight: 0 };
    }
    const clears = clearsAll ? "everything" : writesText ? "entries" : "nothing";
    return { clears, forgets, text: writesText ? text : null, entry, entries: this.#entries, large, head: keptHead };
  }

  #planHead(head: SavedState["head"]): { large: [number, Operation][]; forgets: number[]; keptHead: KeptHead } {
    const before = this.#large;
    const now = new Map<Operation, number>();
    const added: [number, Operation][] = [];
    const keep = (op: Operation): KeptOperation => {
      if (weight(op) <= LARGE) return op;
      let number = now.get(op) ?? before.get(op);
      if (number === undefined) {
        this.#lastLarge += 1;
        number = this.#lastLarge;
        added.push([number, op]);
      }
      now.set(op, number);
      return { large: number };
    };
    const keptHead: KeptHead = {
      ...head,
      sent: head.sent.map((edit) => ({ ...edit, op: keep(edit.op) })),
      unsent: head.unsent.map(keep),
      seen: head.seen.map((commit) => ({ ...commit, op: keep(commit.op) })),
    };
    this.#large = now;
    const forgets = [...before].filter(([op]) => !now.has(op)).map(([, number]) => number);
    return { large: added, forgets, keptHead };
  }

  /** What is pending as the journal's next entry, unless the text had better be written anew. */
  #planEntry(size: number): Operation[] | null {
    const count = this.#written.count + this.#pending.length;
    const total = this.#written.weight + this.#pendingWeight;
    if (count > MAX_OPERATIONS || total > Math.max(MIN_JOURNAL, size / 2)) this.#dropText();
    if (!this.#hasText || this.#pending.length === 0) return null;
    const entry = this.#pending;
    this.#entries += 1;
    this.#written = { count, weight: total };
    this.#pending = [];
    this.#pendingWeight = 0;
    return entry;
  }

  #dropText(): void {
    this.#hasText = false;
    this.#pending = [];
    this.#pendingWeight = 0;
  }
}
