/**
 * Code points to UTF-16 offsets and back, over CodeMirror's text. Rooms count the former, the editor the latter.
 *
 * They differ by the surrogate pairs that lie before. A document is a tree of immutable nodes, so each node's count is
 * found once and kept for as long as the node lives: an edit makes a handful of new nodes, and a conversion walks down
 * one path. Offsets in a text without any pair need no conversion at all.
 */

import type { Text } from "@codemirror/state";

const counts = new WeakMap<Text, number>();

export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** How many surrogate pairs a well-formed string holds before its UTF-16 offset `end`. */
export function pairsInString(text: string, end = text.length): number {
  let pairs = 0;
  for (let at = 0; at < end; at++) if (isHighSurrogate(text.charCodeAt(at))) pairs++;
  return pairs;
}

/** How many surrogate pairs the text holds. */
export function pairsIn(text: Text): number {
  let pairs = counts.get(text);
  if (pairs === undefined) {
    pairs = 0;
    if (text.children === null) for (const piece of text) pairs += pairsInString(piece);
    else for (const child of text.children) pairs += pairsIn(child);
    counts.set(text, pairs);
  }
  return pairs;
}

/** The length of the text in code points. */
export function codePoints(text: Text): number {
  return text.length - pairsIn(text);
}

/** The UTF-16 offset `offset` in code points; one inside a pair counts as that of the pair. */
export function toCodePoints(text: Text, offset: number): number {
  let [node, rest, pairs] = [text, offset, 0];
  while (pairsIn(node) > 0) {
    if (node.children === null) return offset - pairs - pairsBefore(node, rest);
    let next: Text | undefined;
    for (const child of node.children) {
      if (rest <= child.length) {
        next = child;
        break;
      }
      pairs += pairsIn(child);
      rest -= child.length + 1; // and the line break that ends it
    }
    if (next === undefined) throw new RangeError(`Offset ${offset} lies outside the text.`);
    node = next;
  }
  return offset - pairs;
}

/** The code point offset `offset` in UTF-16 units. */
export function toUtf16(text: Text, offset: number): number {
  let [node, rest, pairs] = [text, offset, 0];
  while (pairsIn(node) > 0) {
    if (node.children === null) return offset + pairs + pairsAmong(node, rest);
    let next: Text | undefined;
    for (const child of node.children) {
      const length = codePoints(child);
      if (rest <= length) {
        next = child;
        break;
      }
      pairs += pairsIn(child);
      rest -= length + 1;
    }
    if (next === undefined) throw new RangeError(`Offset ${offset} lies outside the text.`);
    node = next;
  }
  return offset + pairs;
}

/** How many pairs begin before the UTF-16 offset `end` of a leaf. */
function pairsBefore(leaf: Text, end: number): number {
  let [pairs, rest, last] = [0, end, 0];
  for (const piece of leaf) {
    if (rest <= piece.length) {
      last = pairsInString(piece, rest);
      break;
    }
    pairs += pairsInString(piece);
    rest -= piece.length;
  }
  return pairs + last;
}

/** How many of the first `count` code points of a leaf are pairs. */
function pairsAmong(leaf: Text, count: number): number {
  let [pairs, rest] = [0, count];
  for (const piece of leaf) {
    for (let at = 0; at < piece.length; at++) {
      if (rest === 0) return pairs;
      if (isHighSurrogate(piece.charCodeAt(at))) {
        pairs++;
        at++;
      }
      rest--;
    }
  }
  return pairs;
}
