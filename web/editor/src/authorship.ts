/** Who wrote which part of a text: runs of authors, carried from operation to operation. */

import type { Operation } from "../../client/src/index.ts";
import { pairsInString } from "./offsets.ts";

/** `length` code points in a row that one person wrote. */
export interface AuthorRun {
  readonly user_id: string;
  readonly length: number;
}

/** The authors of a text after `op` by `userId`; neighbours are never of one author, and no run is empty. */
export function attribute(runs: readonly AuthorRun[], op: Operation, userId: string): AuthorRun[] {
  const result: AuthorRun[] = [];
  let index = 0;
  let used = 0; // of runs[index]

  function take(count: number, keep: boolean): void {
    let rest = count;
    while (rest > 0) {
      const run = runs[index];
      if (run === undefined) throw new RangeError("The operation reaches past the end of the text.");
      const piece = Math.min(rest, run.length - used);
      if (keep) append(result, run.user_id, piece);
      rest -= piece;
      used += piece;
      if (used === run.length) {
        index++;
        used = 0;
      }
    }
  }

  for (const component of op) {
    if (typeof component === "number") take(component, true);
    else if (typeof component === "string") append(result, userId, countOf(component));
    else take(typeof component.d === "number" ? component.d : countOf(component.d), false);
  }
  const cut = runs[index];
  if (cut !== undefined) {
    append(result, cut.user_id, cut.length - used);
    const [next, ...rest] = runs.slice(index + 1);
    if (next !== undefined) append(result, next.user_id, next.length);
    for (const run of rest) result.push(run);
  }
  return result;
}

function append(runs: AuthorRun[], userId: string, length: number): void {
  const last = runs.at(-1);
  if (last?.user_id === userId) runs[runs.length - 1] = { user_id: userId, length: last.length + length };
  else runs.push({ user_id: userId, length });
}

function countOf(text: string): number {
  return text.length - pairsInString(text);
}
