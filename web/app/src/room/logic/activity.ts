/**
 * What the others are doing right now. Who writes a chat message says so (`typing`). Who edits is seen by their cursor:
 * it stands where a change ended.
 */

import type { Operation, Range } from "../../../../client/src/index.ts";

/** `writing`: a chat message. `editing`: the document. */
export type Doing = "writing" | "editing";

/** Whoever edited is said to be editing for this long. */
const EDITING_FOR_MS = 3_000;

/** Tells who edits. Times are milliseconds of any clock that does not go back. */
export class EditingWatch {
  readonly #until = new Map<string, number>();

  /** Someone else made a change; `cursors` are the others' by session, as they stand after it. */
  changed(op: Operation, cursors: ReadonlyMap<string, readonly Range[]>, now: number): void {
    const end = endOf(op);
    for (const [sessionId, [main]] of cursors) {
      if (main?.[1] === end) {
        this.#until.set(sessionId, now + EDITING_FOR_MS);
      }
    }
  }

  /** Who edits now. */
  editing(now: number): string[] {
    for (const [sessionId, until] of this.#until) {
      if (until <= now) {
        this.#until.delete(sessionId);
      }
    }
    return [...this.#until.keys()];
  }

  /** When the next of them will have stopped; null when nobody edits. */
  get nextEnd(): number | null {
    return this.#until.size === 0 ? null : Math.min(...this.#until.values());
  }
}

/** Where the last change of an operation ends in the text after it, in code points. */
function endOf(op: Operation): number {
  let end = 0;
  for (const component of op) {
    end += typeof component === "number" ? component : typeof component === "string" ? codePoints(component) : 0;
  }
  return end;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) {
    count += 1;
  }
  return count;
}

/** "Ana is typing…", for the line under the chat; null when nobody is. */
export function typingLine(names: readonly string[]): string | null {
  const [first, second, ...more] = names;
  if (first === undefined) {
    return null;
  }
  if (second === undefined) {
    return `${first} is typing…`;
  }
  return more.length === 0
    ? `${first} and ${second} are typing…`
    : `${first} and ${more.length + 1} others are typing…`;
}
