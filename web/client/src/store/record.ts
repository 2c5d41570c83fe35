/** How kept edits lie in the database: the rows of one client, and the way back from them to its saved state. */

import { InvalidError } from "../errors.ts";
import type { Operation } from "../protocol.ts";
import type { SavedCommit, SavedEdit, SavedHead, SavedState } from "../saved-state.ts";
import { apply, check } from "../text/index.ts";

export const LAYOUT = 1;

/** Whose edits, of which room of which server. */
export interface Owner {
  server: string;
  userId: string;
  roomId: string;
}

/**
 * What one client keeps: its saved state, but for its large values, which lie beside it. The text lies there as it was
 * some time ago, with the operations that have led on from it since, in numbered entries of one write each.
 */
export interface ClientRow extends Owner {
  id: string;
  layout: number;
  /** Milliseconds since 1970. */
  keptAt: number;
  head: KeptHead;
  /** The number of the last entry of the journal; they start at 1. */
  entries: number;
}

/** An operation, or the number of the large one that it is. */
export type KeptOperation = Operation | { large: number };

type Kept<T extends { op: Operation }> = Omit<T, "op"> & { op: KeptOperation };

export interface KeptHead extends Omit<SavedHead, "sent" | "unsent" | "seen"> {
  sent: Kept<SavedEdit>[];
  unsent: KeptOperation[];
  seen: Kept<SavedCommit>[];
}

/** All that lies beside a client's row: values as the database gives them, unchecked. */
export interface Pieces {
  text: unknown;
  entries: ReadonlyMap<number, unknown>;
  large: ReadonlyMap<number, unknown>;
}

/** What a client had saved. Throws InvalidError when something is missing or damaged. */
export function unpack(row: ClientRow, pieces: Pieces): SavedState {
  const operation = (kept: KeptOperation): Operation =>
    asOperation(typeof kept === "object" && "large" in kept ? pieces.large.get(kept.large) : kept);
  const { sent, unsent, seen, ...rest } = row.head;
  const head: SavedHead = {
    ...rest,
    sent: sent.map((edit) => ({ ...edit, op: operation(edit.op) })),
    unsent: unsent.map(operation),
    seen: seen.map((commit) => ({ ...commit, op: operation(commit.op) })),
  };
  if (typeof pieces.text !== "string") throw new InvalidError("The kept text is missing.");
  let { text } = pieces;
  for (let number = 1; number <= row.entries; number++) {
    const ops: unknown = pieces.entries.get(number);
    if (!Array.isArray(ops)) throw new InvalidError("Some of the kept operations are missing.");
    for (const op of ops as unknown[]) text = apply(text, asOperation(op));
  }
  return { head, text };
}

function asOperation(value: unknown): Operation {
  check(value);
  return value;
}
