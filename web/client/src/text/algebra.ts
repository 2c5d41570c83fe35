/** What operations do to texts and to one another: apply, transform, compose, invert. */

import { type TextOp, type as unicodeText } from "ot-text-unicode";
import { InvalidError } from "../errors.ts";
import type { Component, Operation } from "../protocol.ts";
import { isNoop, lengthDelta, size } from "./components.ts";
import { advance } from "./offsets.ts";

/** On a tie, the insert of the "left" operation comes first in the text. */
export type Side = "left" | "right";

/**
 * The text after `op`. `codePoints` is the length of `text` where the caller knows it: with it a text without
 * surrogates need not be searched for any.
 *
 * Throws InvalidError (invalid_operation) when `op` reaches past the end or deletes other text than it says.
 */
export function apply(text: string, op: Operation, codePoints?: number): string {
  return applyChecked(text, op, codePoints)[0];
}

/**
 * The text after `op`, and `op` made invertible: its counted deletes carry their text. `op` itself when it has none.
 *
 * Throws InvalidError (invalid_operation) when `op` does not fit the text.
 */
export function applyChecked(text: string, op: Operation, codePoints?: number): [text: string, op: Operation] {
  const parts: string[] = [];
  const isPlain = codePoints === text.length;
  const further = (start: number, count: number) => (isPlain ? start + count : advance(text, start, count));
  let invertible: Component[] | null = null;
  let at = 0;
  for (const [index, component] of op.entries()) {
    if (typeof component === "number") {
      const end = further(at, component);
      parts.push(text.slice(at, end));
      at = end;
    } else if (typeof component === "string") {
      parts.push(component);
    } else if (typeof component.d === "number") {
      const end = further(at, component.d);
      invertible ??= [...op];
      invertible[index] = { d: text.slice(at, end) };
      at = end;
    } else {
      if (!text.startsWith(component.d, at)) {
        throw new InvalidError("The operation deletes other text than stands there.", { code: "invalid_operation" });
      }
      at += component.d.length;
    }
    if (at > text.length) {
      throw new InvalidError("The operation reaches past the end of the text.", { code: "invalid_operation" });
    }
  }
  parts.push(text.slice(at));
  return [parts.join(""), invertible ?? op];
}

/**
 * `op` with the text of `text` in its counted deletes; `op` itself when it has none.
 *
 * Throws InvalidError (invalid_operation) when `op` does not fit the text.
 */
export function makeInvertible(text: string, op: Operation): Operation {
  return applyChecked(text, op)[1];
}

/**
 * `op`, made for the same text as `other`, rewritten for the text after `other`.
 *
 * Of two inserts at one place that of the "left" operation comes first. Deletes may be counted or carry their text, on
 * both sides, and stay what they were. `op` itself is returned when nothing changes.
 */
export function transform(op: Operation, other: Operation, side: Side): Operation {
  if (isNoop(op) || isNoop(other)) {
    return op;
  }
  const [first, otherFirst] = [op[0], other[0]];
  if (typeof otherFirst === "number" && reach(op) < otherFirst) {
    return op;
  }
  if (typeof first === "number" && reach(other) < first) {
    return [first + lengthDelta(other), ...op.slice(1)];
  }
  return unicodeText.transform(op as TextOp, other as TextOp, side);
}

/**
 * One operation with the effect of `a` and then `b`, which must have been made after `a`.
 *
 * Only for what nobody else has seen yet: transforming over the result may differ from transforming over `a` and then
 * `b`.
 */
export function compose(a: Operation, b: Operation): Operation {
  return unicodeText.compose(a as TextOp, b as TextOp);
}

/**
 * The operation that takes back `op`.
 *
 * Throws InvalidError (invalid_operation) when a delete of `op` is only counted: see `makeInvertible`.
 */
export function invert(op: Operation): Operation {
  return op.map((component) => {
    if (typeof component === "number") {
      return component;
    }
    if (typeof component === "string") {
      return { d: component };
    }
    if (typeof component.d === "number") {
      throw new InvalidError("A counted delete cannot be taken back.", { code: "invalid_operation" });
    }
    return component.d;
  });
}

/** The offset, in the text before `op`, up to which `op` walks. */
function reach(op: Operation): number {
  let end = 0;
  for (const component of op) {
    if (typeof component === "number") {
      end += component;
    } else if (typeof component === "object") {
      end += size(component.d);
    }
  }
  return end;
}
