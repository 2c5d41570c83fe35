/** Taking some operations out of a line of history, as if they had never been made. */

import type { Operation } from "./protocol.ts";
import { compose, invert, transform } from "./text/index.ts";

/** Takes back all operations that were marked with `key`. */
export interface Undo<K> {
  readonly key: K;
  readonly op: Operation;
}

/**
 * `kept` are the operations that stay, each made after the one before it.
 *
 * `undos`, newest key first and each made after the one before it, lead from the text after the whole line to the text
 * after `kept`.
 */
export interface Excluded<K> {
  readonly kept: Operation[];
  readonly undos: Undo<K>[];
}

/**
 * Take the operations marked with a key out of `line`, each of which was made after the one before it.
 *
 * All must be invertible, and those of one key must not stand on both sides of another's. What a later operation did to
 * a text that goes, goes with it; what it did elsewhere stays. The undos of what went so far are carried along: each
 * operation that stays is transformed over them and they over it, so both ways round meet in one text (TP1).
 */
export function exclude<K>(line: Iterable<readonly [op: Operation, key: K | null]>): Excluded<K> {
  const kept: Operation[] = [];
  let undos: Undo<K>[] = [];
  for (const [op, key] of line) {
    if (key !== null) {
      const undo = invert(op);
      const newest = undos[0];
      if (newest !== undefined && newest.key === key) {
        undos[0] = { key, op: compose(undo, newest.op) };
      } else {
        undos.unshift({ key, op: undo });
      }
      continue;
    }
    let staying = op;
    undos = undos.map((undo) => {
      const carried = transform(undo.op, staying, "right");
      staying = transform(staying, undo.op, "left");
      return { key: undo.key, op: carried };
    });
    kept.push(staying);
  }
  return { kept, undos };
}
