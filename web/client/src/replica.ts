/** One client's copy of a document: what is committed, the own edits on their way, and those still to be sent. */

import type { RayroomsError } from "./errors.ts";
import { exclude } from "./history.ts";
import { cut, join } from "./portions.ts";
import type { Operation, Range } from "./protocol.ts";
import {
  apply,
  applyChecked,
  check,
  diff,
  invert,
  isNoop,
  length,
  lengthDelta,
  transform,
  transformRange,
} from "./text/index.ts";

/** Commits remembered although nothing needs them for an edit: cursors taken at those versions can still be placed. */
const RECENT = 256;

/**
 * An own edit on its way: made after the version last seen and the edits sent before it.
 *
 * `ref` is that of its last sending; `refusal` is set when the room has refused it for good.
 */
export interface SentEdit {
  op: Operation;
  seq: number;
  ref: number;
  refusal: RayroomsError | null;
}

/** A commit that this client has seen; `seq` is 0 for someone else's, `userId` empty for an own one. */
export interface Seen {
  readonly version: number;
  readonly op: Operation;
  readonly seq: number;
  readonly userId: string;
}

/** All of a replica that is needed to go on from it later: see `Replica.parts`. */
export interface ReplicaParts {
  readonly text: string;
  readonly version: number;
  readonly durable: number;
  readonly acked: number;
  readonly sent: readonly Pick<SentEdit, "op" | "seq" | "refusal">[];
  readonly unsent: readonly Operation[];
  readonly seen: readonly Seen[];
}

/**
 * The local text with all that it is made of: the commits up to `version`, then `sent`, then `unsent`.
 *
 * What others commit is transformed over the own edits, as "right" where these are "left", which mirrors what the room
 * does to the own edits when they arrive. Own commits are remembered until they are durable, so that they can be made
 * again in a room that has lost them.
 */
export class Replica {
  #text = "";
  #length = 0;
  #version = 0;
  #durable = 0;
  #acked = 0;
  #sent: SentEdit[] = [];
  #unsent: Operation[] = [];
  #seen: Seen[] = [];
  #lastOwn = 0;
  #oldest = 0;

  /** The document with all own edits. */
  get text(): string {
    return this.#text;
  }

  /** Its length in code points. */
  get length(): number {
    return this.#length;
  }

  /** The newest version seen. */
  get version(): number {
    return this.#version;
  }

  /** All versions up to this one are in the database. */
  get durable(): number {
    return this.#durable;
  }

  /** The last own seq that is committed. */
  get acked(): number {
    return this.#acked;
  }

  get sent(): readonly SentEdit[] {
    return this.#sent;
  }

  get unsent(): readonly Operation[] {
    return this.#unsent;
  }

  // ---------------------------------------------------------------- own edits

  /** The last seq that was given to an edit. */
  get lastSeq(): number {
    return this.#acked + this.#sent.length;
  }

  /** Whether all own edits are committed. */
  get isAcked(): boolean {
    return this.#sent.length === 0 && this.#unsent.length === 0;
  }

  /** Whether all own edits are committed and in the database. */
  get isDurable(): boolean {
    return this.isAcked && this.#lastOwn <= this.#durable;
  }

  /**
   * Apply an own edit to the local text and queue it. Returns it with the text that it deletes.
   *
   * Throws InvalidError (invalid_operation, invalid_text) when it is not canonical or does not fit the text.
   */
  edit(op: Operation): Operation {
    check(op);
    const [text, invertible] = applyChecked(this.#text, op, this.#length);
    this.#text = text;
    this.#length += lengthDelta(invertible);
    if (!isNoop(invertible)) {
      join(this.#unsent, invertible);
    }
    return invertible;
  }

  /** Number the unsent edits that fit into a window of so many on their way, and count them as sent. */
  send(window: number): SentEdit[] {
    const count = Math.min(window - this.#sent.length, this.#unsent.length);
    if (count <= 0) {
      return [];
    }
    const first = this.lastSeq + 1;
    const edits = this.#unsent
      .splice(0, count)
      .map((op, index): SentEdit => ({ op, seq: first + index, ref: 0, refusal: null }));
    this.#sent.push(...edits);
    return edits;
  }

  /** The edit on its way that was last sent with `ref`; without a ref, the one numbered `seq`. */
  find(ref: number | null, seq: number | null): SentEdit | null {
    return this.#sent.find((edit) => (ref !== null ? edit.ref === ref : edit.seq === seq)) ?? null;
  }

  // ---------------------------------------------------------------- commits

  /** The next version is the own edit `seq`. Null when that is not the first one on its way. */
  acknowledge(seq: number): Seen | null {
    const edit = this.#sent[0];
    if (edit === undefined || edit.seq !== seq) {
      return null;
    }
    this.#sent.shift();
    this.#acked = seq;
    this.#lastOwn = this.#version + 1;
    return this.#saw(edit.op, seq, "");
  }

  /**
   * The next version is someone else's `op`. Returns it with what it does to the local text.
   *
   * Throws InvalidError, having changed nothing, when it does not fit: then this copy is not the room's.
   */
  receive(op: Operation, userId: string): { seen: Seen; local: Operation } {
    let local = op;
    const own = this.#line().map((mine) => {
      const moved = transform(mine, local, "left");
      local = transform(local, mine, "right");
      return moved;
    });
    this.#apply(local);
    this.#putLine(own);
    return { seen: this.#saw(op, 0, userId), local };
  }

  /** All versions up to `durable` are in the database. */
  settle(durable: number): void {
    this.#durable = Math.max(this.#durable, durable);
    this.#trim();
  }

  /** The commits above `version`, or null when they are no longer remembered. */
  since(version: number): Seen[] | null {
    if (version < this.#oldest || this.#version - version > this.#seen.length) {
      return null;
    }
    return this.#seen.filter((seen) => seen.version > version);
  }

  /** A selection of someone else's at `version`, where it stands in the local text. */
  place(selection: Range): Range {
    let placed = selection;
    for (const mine of this.#line()) {
      placed = transformRange(placed, mine);
    }
    return placed;
  }

  // ---------------------------------------------------------------- starting over

  /**
   * Take the refused edits (or all) out of the local text and number the others anew.
   *
   * Only for when nothing that was sent can be committed any more. Returns what was taken out, and what doing so does to
   * the local text.
   */
  withdraw(options: { everything: boolean }): { gone: Operation[]; undo: Operation } {
    const { everything } = options;
    const refused = this.#sent.map((edit) => everything || edit.refusal !== null);
    const goes = [...refused, ...this.#unsent.map(() => everything)];
    const line = this.#line();
    const { kept, undos } = exclude(line.map((op, index) => [op, goes[index] === true ? true : null]));
    const stillSent = refused.filter((gone) => !gone).length;
    const undo = undos[0]?.op ?? [];
    this.#apply(undo);
    this.#sent = kept
      .slice(0, stillSent)
      .filter((op) => !isNoop(op))
      .map((op, index) => ({ op, seq: this.#acked + 1 + index, ref: 0, refusal: null }));
    this.#unsent = kept.slice(stillSent).filter((op) => !isNoop(op));
    return { gone: line.filter((_, index) => goes[index]), undo };
  }

  /**
   * Move to the room's own `content` at `version`, which holds the own edits up to `lastSeq`.
   *
   * All later own edits, committed once or not, are made again upon it: they are taken out of what this client has seen,
   * what led from there to `content` is found by comparing the texts, and they are transformed over that. Those up to
   * `lastSeq` that may not be durable (`durable` is the room's watermark) are remembered further, as the last commits
   * before `version`. A later one that was durable is not made again: it is not lost, but was taken out, by a room that
   * was restored from a backup; its watermark may be lower than the one before. Only for when nothing that was sent can
   * be committed any more. Returns what it does to the local text.
   */
  rebase(content: string, version: number, lastSeq: number, durable: number): Operation {
    const again = this.lastSeq + 1;
    const before = this.#durable;
    this.#durable = durable;
    const keyOfSeen = ({ seq, version: at }: Seen) => {
      if (seq > lastSeq) {
        return at > before ? again : null;
      }
      return seq > 0 && at > durable ? seq : null;
    };
    const { undos } = exclude<number>([
      ...this.#seen.map((seen) => [seen.op, keyOfSeen(seen)] as const),
      ...this.#sent.map((edit) => [edit.op, edit.seq > lastSeq ? again : edit.seq] as const),
      ...this.#unsent.map((op) => [op, again] as const),
    ]);
    const [newest, ...older] = undos;
    const isAgain = newest !== undefined && newest.key === again;
    const undo = isAgain ? newest.op : [];
    const undone = invert(undo);
    let theirs = diff(apply(this.#text, undo, this.#length), content);
    const change = transform(theirs, undone, "right");
    const mine = transform(undone, theirs, "left");
    this.#seen = [];
    for (const { key, op } of isAgain ? older : undos) {
      this.#seen.unshift({ version, op: invert(transform(op, theirs, "left")), seq: key, userId: "" });
      theirs = transform(theirs, op, "right");
    }
    this.#lastOwn = this.#seen.length > 0 ? version : 0;
    this.#oldest = this.#version = version;
    this.#acked = lastSeq;
    this.#text = apply(content, mine);
    this.#length = length(this.#text);
    this.#sent = [];
    this.#unsent = cut(mine);
    this.#trim();
    return change;
  }

  /** Count the own edits from 1 again, for a new client id. What was committed stays committed. */
  restartNumbering(): void {
    this.#acked = 0;
    for (const [index, edit] of this.#sent.entries()) {
      edit.seq = index + 1;
    }
    this.#seen = [];
    this.#lastOwn = 0;
    this.#oldest = this.#version;
  }

  // ---------------------------------------------------------------- keeping

  /**
   * All that is needed to go on from here later. Of the commits only those from the first own one on that is not durable:
   * the earlier ones just help to place cursors, of which there are none before the next join.
   */
  parts(): ReplicaParts {
    const firstOwn = this.#seen.findIndex((seen) => seen.seq > 0 && seen.version > this.#durable);
    return {
      text: this.#text,
      version: this.#version,
      durable: this.#durable,
      acked: this.#acked,
      sent: this.#sent.map(({ op, seq, refusal }) => ({ op, seq, refusal })),
      unsent: [...this.#unsent],
      seen: firstOwn < 0 ? [] : this.#seen.slice(firstOwn),
    };
  }

  /** A replica of such parts, which must fit together. */
  static from(parts: ReplicaParts): Replica {
    const replica = new Replica();
    replica.#text = parts.text;
    replica.#length = length(parts.text);
    replica.#version = replica.#oldest = parts.version;
    replica.#durable = parts.durable;
    replica.#acked = parts.acked;
    replica.#sent = parts.sent.map((edit) => ({ ...edit, ref: 0 }));
    replica.#unsent = [...parts.unsent];
    replica.#seen = [...parts.seen];
    replica.#lastOwn = parts.seen.findLast((seen) => seen.seq > 0)?.version ?? 0;
    return replica;
  }

  // ---------------------------------------------------------------- parts

  /** The own edits on top of `version`, each made after the one before it. */
  #line(): Operation[] {
    return [...this.#sent.map((edit) => edit.op), ...this.#unsent];
  }

  #putLine(line: readonly Operation[]): void {
    for (const [index, edit] of this.#sent.entries()) {
      edit.op = line[index] ?? edit.op;
    }
    this.#unsent = line.slice(this.#sent.length).filter((op) => !isNoop(op));
  }

  #apply(op: Operation): void {
    this.#text = apply(this.#text, op, this.#length);
    this.#length += lengthDelta(op);
  }

  #saw(op: Operation, seq: number, userId: string): Seen {
    this.#version += 1;
    const seen: Seen = { version: this.#version, op, seq, userId };
    this.#seen.push(seen);
    this.#trim();
    return seen;
  }

  /** Forget old commits, but for those from the first own one on that is not durable yet. */
  #trim(): void {
    const seen = this.#seen;
    const isKept = (one: Seen | undefined) => one === undefined || (one.seq > 0 && one.version > this.#durable);
    let old = 0;
    while (seen.length - old > RECENT && !isKept(seen[old])) {
      old++;
    }
    seen.splice(0, old);
  }
}
