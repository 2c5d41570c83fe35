/** The components of operations: how long they are, and how they are put together to a canonical operation. */

import type { Component, Operation } from "../protocol.ts";
import { length } from "./offsets.ts";

/** How many code points a count or a text stands for. */
export function size(amount: number | string): number {
  return typeof amount === "number" ? amount : length(amount);
}

/** Whether `op` leaves every text as it is. */
export function isNoop(op: Operation): boolean {
  return op.length === 0;
}

/** By how many code points a text grows by `op`; negative when it shrinks. */
export function lengthDelta(op: Operation): number {
  let delta = 0;
  for (const component of op) {
    if (typeof component === "string") {
      delta += length(component);
    } else if (typeof component === "object") {
      delta -= size(component.d);
    }
  }
  return delta;
}

/**
 * Append a non-empty component, joined with the last one when both are of one kind.
 * Of two deletes that do not both know their text, a count remains.
 */
export function push(op: Component[], component: Component): void {
  const last = op.at(-1);
  if (typeof component === "number" && typeof last === "number") {
    op[op.length - 1] = last + component;
  } else if (typeof component === "string" && typeof last === "string") {
    op[op.length - 1] = last + component;
  } else if (typeof component === "object" && typeof last === "object") {
    const [gone, more] = [last.d, component.d];
    const both = typeof gone === "string" && typeof more === "string" ? gone + more : size(gone) + size(more);
    op[op.length - 1] = { d: both };
  } else {
    op.push(component);
  }
}
