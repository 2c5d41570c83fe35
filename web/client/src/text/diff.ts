/**
 * A small operation between two texts, at bounded cost: for rebasing what was typed over a text that was replaced.
 *
 * Clients in other languages find the very same operation, so the search and its order are part of the contract.
 */

import type { Component, Operation } from "../protocol.ts";
import { push } from "./components.ts";
import { advance, isHighSurrogate, isLowSurrogate, length } from "./offsets.ts";

/** Beyond so many single differences the search gives up; its cost grows with their square. */
const MAX_DIFFERENCES = 128;

/** What stood from `start` to `end` became what stands from `newStart` to `newEnd`. */
type Hunk = readonly [start: number, end: number, newStart: number, newEnd: number];

/**
 * A small invertible operation that leads from `before` to `after`.
 *
 * What both texts begin and end with is kept. Between, the fewest code points change where 128 changes suffice; else
 * the fewest lines, where 128 lines suffice; else all is replaced. Time is linear in the texts' size plus a bounded
 * search of some tens of milliseconds.
 */
export function diff(before: string, after: string): Operation {
  const op: Component[] = [];
  let at = 0;
  for (const [start, end, newStart, newEnd] of hunksOf(before, after)) {
    if (start > at) {
      push(op, length(before.slice(at, start)));
    }
    if (newEnd > newStart) {
      push(op, after.slice(newStart, newEnd));
    }
    if (end > start) {
      push(op, { d: before.slice(start, end) });
    }
    at = end;
  }
  return op;
}

/** The hunks in UTF-16 units. */
function hunksOf(before: string, after: string): Hunk[] {
  const whole = trim([0, before.length, 0, after.length], before, after);
  const [a, b, c, d] = whole;
  if (a === b && c === d) {
    return [];
  }
  if (a === b || c === d) {
    return [whole];
  }
  const [middle, newMiddle] = [before.slice(a, b), after.slice(c, d)];
  const hunks = changedCodePoints(middle, newMiddle) ?? changedLines(middle, newMiddle);
  return hunks?.map(([start, end, newStart, newEnd]) => [a + start, a + end, c + newStart, c + newEnd]) ?? [whole];
}

function changedCodePoints(before: string, after: string): Hunk[] | null {
  const hunks = shortestEdit(codePoints(before), codePoints(after));
  if (hunks === null) {
    return null;
  }
  const [unit, newUnit] = [unitFinder(before), unitFinder(after)];
  return hunks.map(([start, end, newStart, newEnd]) => [unit(start), unit(end), newUnit(newStart), newUnit(newEnd)]);
}

/** The hunks of a line-by-line comparison, trimmed to what differs within each. */
function changedLines(before: string, after: string): Hunk[] | null {
  const numbers = new Map<string, number>();
  const [lines, newLines] = [splitLines(before), splitLines(after)];
  const hunks = shortestEdit(numbered(lines, numbers), numbered(newLines, numbers));
  if (hunks === null) {
    return null;
  }
  const [offset, newOffset] = [offsetsOf(lines), offsetsOf(newLines)];
  return hunks.map(([start, end, newStart, newEnd]) =>
    trim([offset(start), offset(end), newOffset(newStart), newOffset(newEnd)], before, after),
  );
}

// ------------------------------------------------------------------ the search

/**
 * The hunks of a shortest edit script, or null when it takes more than MAX_DIFFERENCES items in and out.
 *
 * Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): furthest[k] is the furthest offset in `before` that
 * d differences reach on the diagonal k = (offset in before) - (offset in after).
 */
function shortestEdit(before: Uint32Array, after: Uint32Array): Hunk[] | null {
  if (Math.abs(before.length - after.length) > MAX_DIFFERENCES) {
    return null;
  }
  const furthest = new Diagonals();
  const trail: Diagonals[] = [];
  for (let d = 0; d <= MAX_DIFFERENCES; d++) {
    trail.push(furthest.copy());
    for (let k = -d; k <= d; k += 2) {
      let x = furthest.comesDown(k, d) ? furthest.get(k + 1) : furthest.get(k - 1) + 1;
      let y = x - k;
      while (x < before.length && y < after.length && before[x] === after[y]) {
        x++;
        y++;
      }
      furthest.set(k, x);
      if (x >= before.length && y >= after.length) {
        return joined(steps(trail, before.length, after.length));
      }
    }
  }
  return null;
}

/** An offset for each diagonal from -MAX_DIFFERENCES - 1 to MAX_DIFFERENCES + 1. */
class Diagonals {
  readonly #offsets: Int32Array;

  constructor(offsets = new Int32Array(2 * MAX_DIFFERENCES + 3)) {
    this.#offsets = offsets;
  }

  copy(): Diagonals {
    return new Diagonals(this.#offsets.slice());
  }

  get(k: number): number {
    return this.#offsets[k + MAX_DIFFERENCES + 1] ?? 0;
  }

  set(k: number, offset: number): void {
    this.#offsets[k + MAX_DIFFERENCES + 1] = offset;
  }

  /** Whether, at `d` differences, diagonal `k` is best reached by an insert (from k + 1). */
  comesDown(k: number, d: number): boolean {
    return k === -d || (k !== d && this.get(k - 1) < this.get(k + 1));
  }
}

/** The single differences on the way to (`endX`, `endY`), first to last, each a hunk of one item. */
function steps(trail: readonly Diagonals[], endX: number, endY: number): Hunk[] {
  const found: Hunk[] = [];
  let [x, y] = [endX, endY];
  for (const [d, furthest] of [...trail.entries()].slice(1).reverse()) {
    const k = x - y;
    const down = furthest.comesDown(k, d);
    const beforeK = down ? k + 1 : k - 1;
    x = furthest.get(beforeK);
    y = x - beforeK;
    found.push(down ? [x, x, y, y + 1] : [x, x + 1, y, y]);
  }
  return found.reverse();
}

/** Neighbouring differences as one hunk each. */
function joined(found: readonly Hunk[]): Hunk[] {
  const hunks: Hunk[] = [];
  for (const step of found) {
    const last = hunks.at(-1);
    if (last !== undefined && step[0] === last[1] && step[2] === last[3]) {
      hunks[hunks.length - 1] = [last[0], step[1], last[2], step[3]];
    } else {
      hunks.push(step);
    }
  }
  return hunks;
}

// ------------------------------------------------------------------ texts as items

/** The hunk, in UTF-16 units, without what its two sides begin and end with in common. */
function trim([a, b, c, d]: Hunk, before: string, after: string): Hunk {
  let head = agreement(
    Math.min(b - a, d - c),
    (from, to) => before.slice(a + from, a + to) === after.slice(c + from, c + to),
  );
  if (head > 0 && isHighSurrogate(before.charCodeAt(a + head - 1))) {
    head--;
  }
  let tail = agreement(
    Math.min(b - a, d - c) - head,
    (from, to) => before.slice(b - to, b - from) === after.slice(d - to, d - from),
  );
  if (tail > 0 && isLowSurrogate(before.charCodeAt(b - tail))) {
    tail--;
  }
  return [a + head, b - tail, c + head, d - tail];
}

/** Up to which count, at most `limit`, two texts agree, by comparing slices of doubling size. */
function agreement(limit: number, isSame: (from: number, to: number) => boolean): number {
  let same = 0;
  let step = 1;
  while (step > 0 && same < limit) {
    step = Math.min(step, limit - same);
    if (isSame(same, same + step)) {
      same += step;
      step *= 2;
    } else {
      step >>= 1;
    }
  }
  return same;
}

function codePoints(text: string): Uint32Array {
  const items = new Uint32Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length; count++) {
    const code = text.codePointAt(at) ?? 0;
    items[count] = code;
    at += code > 0xffff ? 2 : 1;
  }
  return items.subarray(0, count);
}

/** Finds the UTF-16 offsets of code points, asked for in ascending order. */
function unitFinder(text: string): (codePointOffset: number) => number {
  let done = 0;
  let unit = 0;
  return (codePointOffset) => {
    unit = advance(text, unit, codePointOffset - done);
    done = codePointOffset;
    return unit;
  };
}

/** Lines with their ends, which are all that Unicode takes for one. */
function splitLines(text: string): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isLineEnd(code) || (code === 0x0d && text.charCodeAt(at + 1) === 0x0a)) {
      continue;
    }
    lines.push(text.slice(start, at + 1));
    start = at + 1;
  }
  if (start < text.length) {
    lines.push(text.slice(start));
  }
  return lines;
}

function isLineEnd(code: number): boolean {
  return (
    (code >= 0x0a && code <= 0x0d) ||
    (code >= 0x1c && code <= 0x1e) ||
    code === 0x85 ||
    code === 0x2028 ||
    code === 0x2029
  );
}

/** The lines as numbers, equal ones as the same. */
function numbered(lines: readonly string[], numbers: Map<string, number>): Uint32Array {
  return Uint32Array.from(lines, (line) => {
    const known = numbers.get(line);
    if (known !== undefined) {
      return known;
    }
    numbers.set(line, numbers.size);
    return numbers.size - 1;
  });
}

/** Where each line begins, and at last where the text ends. */
function offsetsOf(lines: readonly string[]): (line: number) => number {
  const offsets = [0];
  let end = 0;
  for (const line of lines) {
    end += line.length;
    offsets.push(end);
  }
  return (line) => offsets[line] ?? end;
}
