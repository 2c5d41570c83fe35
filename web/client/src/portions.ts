/** How much one edit message carries: large operations are cut, small unsent ones are joined. */

import type { Component, Operation } from "./protocol.ts";
import { compose, isNoop, length, normalize, toUtf16 } from "./text/index.ts";

/** Code points. Six bytes each in the worst JSON case, so that a message stays well under the usual 256 KiB. */
export const MAX_PORTION = 32_000;
/** Deletes up to so many code points are sent with their text, which the room then checks; longer ones as a count. */
export const SPELLED_OUT = 1_000;
/** What a component costs besides its text. */
const COMPONENT = 16;

/** About how much of a message `op` fills, in code points. */
export function weight(op: Operation): number {
  let total = 0;
  for (const component of op) {
    total += COMPONENT;
    if (typeof component === "string") {
      total += length(component);
    } else if (typeof component === "object") {
      total += weightOfDelete(component.d);
    }
  }
  return total;
}

/** Operations of at most about `limit` each that one after the other do what `op` does. */
export function cut(op: Operation, limit: number = MAX_PORTION): Operation[] {
  if (weight(op) <= limit) {
    return isNoop(op) ? [] : [op];
  }
  let part: Component[] = [];
  const parts = [part];
  let done = 0;
  let room = limit;
  const nextPart = () => {
    part = [done];
    parts.push(part);
    room = limit;
  };
  for (const component of op) {
    if (typeof component === "number") {
      part.push(component);
      done += component;
    } else if (typeof component === "string") {
      let rest = component;
      while (rest !== "") {
        if (room <= COMPONENT) {
          nextPart();
        }
        const [piece, size] = head(rest, room - COMPONENT);
        part.push(piece);
        rest = rest.slice(piece.length);
        done += size;
        room -= size + COMPONENT;
      }
    } else {
      const cost = weightOfDelete(component.d) + COMPONENT;
      if (cost > room) {
        nextPart();
      }
      part.push(component);
      room -= cost;
    }
  }
  return parts.map(normalize).filter((one) => !isNoop(one));
}

/** Append an unsent `op` to `pending`, composed with the last one where both fit into one message. */
export function join(pending: Operation[], op: Operation, limit: number = MAX_PORTION): void {
  for (const part of cut(op, limit)) {
    const last = pending.at(-1);
    if (last === undefined || weight(last) + weight(part) > limit) {
      pending.push(part);
      continue;
    }
    pending.pop();
    const composed = compose(last, part);
    if (!isNoop(composed)) {
      pending.push(composed);
    }
  }
}

/** `op` as it is sent: long deletes as a count. */
export function onTheWire(op: Operation): Operation {
  return op.map((component) => {
    if (typeof component === "object" && typeof component.d === "string") {
      const size = length(component.d);
      return size > SPELLED_OUT ? { d: size } : component;
    }
    return component;
  });
}

/** The first up to `limit` code points of `text`, and how many they are. */
function head(text: string, limit: number): [piece: string, size: number] {
  const piece = text.slice(0, toUtf16(text, limit));
  return [piece, length(piece)];
}

function weightOfDelete(gone: number | string): number {
  return typeof gone === "number" ? 0 : Math.min(length(gone), SPELLED_OUT);
}
