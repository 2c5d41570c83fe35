/** Documents and operations for the tests, from a seeded random generator. */

import type { Component, Operation } from "../src/protocol.ts";
import { normalize } from "../src/text/index.ts";

/** What goes wrong when offsets are not code points: astral, combining, joined and paired characters. */
const PIECES = [
  ..."ab \n",
  "\r\n",
  "é",
  "e\u0301",
  "\u0301",
  "漢",
  "שלום",
  "\uffff",
  "\ue000",
  "\ud7ff",
  "😀",
  "😁",
  "\u{1d4b3}",
  "\u{10ffff}",
  "👍🏽",
  "🇨🇭",
  "👩‍👩‍👧",
  "\u2028",
];

/** Random numbers that a seed fixes: mulberry32. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1, exclusive. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** From `least` to `most`, both inclusive. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.int(0, items.length - 1)];
    if (item === undefined) {
      throw new RangeError("There is nothing to pick from.");
    }
    return item;
  }
}

export function randomText(dice: Dice, pieces = 12): string {
  return Array.from({ length: dice.int(0, pieces) }, () => dice.pick(PIECES)).join("");
}

/** A canonical operation for `text`, inserting what `insert` returns. */
export function randomOperation(
  dice: Dice,
  text: string,
  insert = () => Array.from({ length: dice.int(1, 3) }, () => dice.pick(PIECES)).join(""),
): Operation {
  const points = [...text];
  const op: Component[] = [];
  let at = 0;
  for (let left = dice.int(1, 5); left > 0; left--) {
    const count = Math.min(dice.int(1, 8), points.length - at);
    const kind = dice.pick(["skip", "skip", "insert", "count", "spell"]);
    if (kind === "insert") {
      op.push(insert());
      continue;
    }
    if (kind === "skip") {
      op.push(count);
    } else {
      op.push({ d: kind === "count" ? count : points.slice(at, at + count).join("") });
    }
    at += count;
  }
  return normalize(op);
}
