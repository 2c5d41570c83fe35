/** Operations seen from places in the text: carets and selections that ride along, edits given by position. */

import { InvalidError } from "../errors.ts";
import type { Component, Operation, Range } from "../protocol.ts";
import { checkText, MAX_COUNT } from "./check.ts";
import { size } from "./components.ts";
import { length } from "./offsets.ts";

/**
 * Where a caret at `position` stands after `op`.
 *
 * A caret inside deleted text falls to where the delete began. An insert at the caret leaves it on its left; with
 * `own`, for the caret of the one who typed, it pushes the caret right.
 */
export function transformPosition(position: number, op: Operation, own = false): number {
  let caret = position;
  let at = 0;
  for (const component of op) {
    if (at > caret || (at === caret && !own)) {
      break;
    }
    if (typeof component === "number") {
      at += component;
    } else if (typeof component === "string") {
      const inserted = length(component);
      at += inserted;
      caret += inserted;
    } else {
      caret -= Math.min(size(component.d), caret - at);
    }
  }
  return caret;
}

/** The selection after `op`, each of its ends moved as `transformPosition` moves a caret. */
export function transformRange([anchor, head]: Range, op: Operation, own = false): Range {
  const movedAnchor = transformPosition(anchor, op, own);
  return [movedAnchor, head === anchor ? movedAnchor : transformPosition(head, op, own)];
}

/**
 * The operation for an edit given by position.
 *
 * `insert` takes `content`; `replace` takes `content` and the `length` that goes, and puts the content first; `delete`
 * takes `length`, or else the deleted text as `content`, which then must be what stands there. An edit of nothing is
 * the empty operation.
 *
 * Throws InvalidError: malformed when a field is missing, negative or too large, invalid_text for content that cannot
 * be stored.
 */
export function fromPositionEdit(
  kind: "insert" | "delete" | "replace",
  position: number,
  edit: { content?: string; length?: number },
): Operation {
  const { content, length: count } = edit;
  checkCount("position", position);
  if (count !== undefined) {
    checkCount("length", count);
  }
  if (content !== undefined) {
    checkText(content);
  }
  const inserted = kind === "delete" ? "" : content;
  const gone = kind === "insert" ? 0 : kind === "delete" ? (count ?? content) : count;
  if (inserted === undefined || gone === undefined) {
    throw new InvalidError(`An edit of type ${kind} lacks its content or length.`);
  }
  const op: Component[] = [];
  if (position && (inserted || gone)) {
    op.push(position);
  }
  if (inserted) {
    op.push(inserted);
  }
  if (gone) {
    op.push({ d: gone });
  }
  return op;
}

function checkCount(field: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > MAX_COUNT) {
    throw new InvalidError(`${field} must be an integer from 0 to ${MAX_COUNT}.`);
  }
}
