/** What is a well-formed operation and a storable text. */

import { InvalidError } from "../errors.ts";
import type { Component, Operation } from "../protocol.ts";
import { push } from "./components.ts";

/** The largest skip, delete or position that may be sent. */
export const MAX_COUNT = 2 ** 31 - 1;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Refuse what a Postgres text or UTF-8 cannot hold: NUL and lone surrogates. Throws InvalidError (invalid_text). */
export function checkText(text: string): void {
  if (text.includes("\0")) {
    throw new InvalidError("Text must not contain NUL (U+0000).", { code: "invalid_text" });
  }
  if (LONE_SURROGATE.test(text)) {
    throw new InvalidError("Text must not contain lone surrogates.", { code: "invalid_text" });
  }
}

/**
 * Refuse anything but a canonical operation.
 *
 * Skips and counted deletes are integers from 1 to MAX_COUNT. Whether the operation fits a document is for `apply` and
 * `makeInvertible` to say.
 *
 * Throws InvalidError: invalid_text for NUL or lone surrogates in inserted or deleted text, else invalid_operation.
 */
export function check(op: unknown): asserts op is Operation {
  if (!Array.isArray(op)) {
    throw invalid("An operation is a list of components.");
  }
  let previous: string | undefined;
  for (const component of op as unknown[]) {
    const kind = typeof component;
    if (kind === previous) {
      throw invalid("Neighbouring components of one kind must be joined.");
    }
    checkAmount(amountOf(component));
    previous = kind;
  }
  if (previous === "number") {
    throw invalid("An operation must not end with a skip.");
  }
}

/**
 * The canonical form of a well-typed operation: empty components dropped, neighbours joined, trailing skip cut.
 *
 * A counted and a spelled-out delete side by side become a counted one. Throws InvalidError as `check` does for what
 * no joining mends: other types, negative counts, unknown keys, texts that cannot be stored.
 */
export function normalize(op: unknown): Operation {
  if (!Array.isArray(op)) {
    throw invalid("An operation is a list of components.");
  }
  const result: Component[] = [];
  for (const component of op as unknown[]) {
    const amount = amountOf(component);
    if (amount !== 0 && amount !== "") {
      checkAmount(amount);
      push(result, component as Component);
    }
  }
  if (typeof result.at(-1) === "number") {
    result.pop();
  }
  check(result); // joined counts may have grown too large
  return result;
}

/** A skip or an insert itself, or what is in a delete; throws for another object than a delete. */
function amountOf(component: unknown): unknown {
  if (typeof component !== "object" || component === null || Array.isArray(component)) {
    return component;
  }
  if (!("d" in component) || Object.keys(component).length !== 1) {
    throw invalid('A delete is an object with the one key "d".');
  }
  return component.d;
}

function checkAmount(amount: unknown): void {
  if (typeof amount === "string") {
    if (amount === "") {
      throw invalid("Inserts and deletes must not be empty.");
    }
    checkText(amount);
  } else if (typeof amount === "number" && Number.isInteger(amount)) {
    if (amount <= 0 || amount > MAX_COUNT) {
      throw invalid(`Skips and deletes must be from 1 to ${MAX_COUNT}.`);
    }
  } else {
    throw invalid('A component is a count, a text, or {"d": count or text}.');
  }
}

function invalid(message: string): InvalidError {
  return new InvalidError(message, { code: "invalid_operation" });
}
