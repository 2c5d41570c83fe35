/**
 * Between the two ways of counting: the wire counts Unicode code points, JavaScript strings UTF-16 units.
 *
 * Texts are taken to be well-formed (see `checkText`). They are walked in blocks, because a pattern finds out much
 * sooner than a loop that a block has no surrogates, in which case there is nothing to count in it.
 */

import { strPosToUni, uniCount, uniToStrPos } from "unicount";

const BLOCK = 2048;
const SURROGATES = /[\ud800-\udfff]/;

/** How many code points `text` has. */
export function length(text: string): number {
  return toCodePoints(text, text.length);
}

/** The offset in code points for one in UTF-16 units. Throws when that stands between the halves of a pair. */
export function toCodePoints(text: string, utf16Offset: number): number {
  let done = 0;
  let start = 0;
  while (start < utf16Offset) {
    const end = endOfBlock(text, start);
    const block = text.slice(start, end);
    if (end >= utf16Offset) {
      const rest = utf16Offset - start;
      return done + (SURROGATES.test(block) ? strPosToUni(block, rest) : rest);
    }
    done += count(block);
    start = end;
  }
  return done;
}

/** The offset in UTF-16 units for one in code points; past the end of the text for one that is past it. */
export function toUtf16(text: string, codePointOffset: number): number {
  return advance(text, 0, codePointOffset);
}

/** Where one stands `codePoints` further on than at the UTF-16 offset `start`; past the end when the text is shorter. */
export function advance(text: string, start: number, codePoints: number): number {
  let at = start;
  let left = codePoints;
  while (left > 0 && at < text.length) {
    const end = endOfBlock(text, at);
    const block = text.slice(at, end);
    const size = count(block);
    if (size >= left) {
      return at + (size === block.length ? left : uniToStrPos(block, left));
    }
    left -= size;
    at = end;
  }
  return at + left;
}

function count(block: string): number {
  return SURROGATES.test(block) ? uniCount(block) : block.length;
}

/** The end of the block that begins at `start`, with no pair cut in two. */
function endOfBlock(text: string, start: number): number {
  const end = start + BLOCK;
  if (end >= text.length) {
    return text.length;
  }
  return isHighSurrogate(text.charCodeAt(end - 1)) ? end + 1 : end;
}

export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

export function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
