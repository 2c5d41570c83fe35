/** Operations of the room and changes of CodeMirror, each as the other. */

import { ChangeSet, type Text } from "@codemirror/state";
import type { Component, Operation } from "../../client/src/index.ts";
import { pairsInString, toCodePoints, toUtf16 } from "./offsets.ts";

/** Documents keep every carriage return as a character: only this ends a line. */
export const LINE_BREAK = "\n";

/** `changes` to the text `before` as one invertible operation. Its edges must not lie inside surrogate pairs. */
export function operationOf(changes: ChangeSet, before: Text): Operation {
  const op: Component[] = [];
  let done = 0;
  changes.iterChanges((from, to, _fromNew, _toNew, inserted) => {
    const start = toCodePoints(before, from);
    if (start > done) op.push(start - done);
    if (inserted.length > 0) op.push(inserted.sliceString(0, inserted.length, LINE_BREAK));
    if (to > from) op.push({ d: before.sliceString(from, to, LINE_BREAK) });
    done = to > from ? toCodePoints(before, to) : start;
  });
  return op;
}

/** What `op` changes in the text `before`. Throws RangeError when it reaches past its end. */
export function changesOf(op: Operation, before: Text): ChangeSet {
  const changes: { from: number; to: number; insert: string }[] = [];
  let points = 0;
  let from = 0;
  let insert = "";
  for (const component of op) {
    if (typeof component === "number") {
      if (insert !== "") changes.push({ from, to: from, insert });
      insert = "";
      points += component;
      from = toUtf16(before, points);
    } else if (typeof component === "string") {
      insert = component;
    } else {
      const { d } = component;
      points += typeof d === "number" ? d : d.length - pairsInString(d);
      const to = toUtf16(before, points);
      changes.push({ from, to, insert });
      insert = "";
      from = to;
    }
  }
  if (insert !== "") changes.push({ from, to: from, insert });
  return ChangeSet.of(changes, before.length, LINE_BREAK);
}
