/** Edits that the room refused, and what they would have added. */

import type { Operation } from "../../../../client/src/index.ts";

export interface RefusedEdits {
  /** Why, in a sentence; of the last one. */
  reason: string;
  count: number;
  /** What they would have inserted, in order; "" when they only deleted. */
  text: string;
}

/** What an operation inserts. */
export function insertedText(op: Operation): string {
  return op.filter((component) => typeof component === "string").join("");
}

/** Add one more refused edit to those that the reader has not dismissed. */
export function withRefused(before: RefusedEdits | null, op: Operation, reason: string): RefusedEdits {
  return { reason, count: (before?.count ?? 0) + 1, text: (before?.text ?? "") + insertedText(op) };
}
