/** The OT type: the vectors shared with Python, its laws on random operations, and its speed on large texts. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { InvalidError } from "../src/errors.ts";
import type { Operation } from "../src/protocol.ts";
import {
  apply,
  applyChecked,
  check,
  compose,
  diff,
  fromPositionEdit,
  invert,
  isNoop,
  length,
  lengthDelta,
  makeInvertible,
  normalize,
  toCodePoints,
  toUtf16,
  transform,
  transformPosition,
  transformRange,
} from "../src/text/index.ts";
import { Dice, randomOperation, randomText } from "./generate.ts";

interface Case {
  name: string;
  text: string;
  op: Operation;
  other: Operation;
  a: Operation;
  b: Operation;
  position: number;
  error?: string;
  result: string & Operation & number;
  invertible: Operation;
  inverse: Operation;
  left: Operation;
  right: Operation;
  other_right: Operation;
  own: number;
}

/** Run `body` on every case of a file of vectors. */
function vectors(file: string, body: (one: Case) => void): void {
  const url = new URL(`../../../tests/vectors/text/${file}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(url, "utf-8")) as { cases: Case[] };
  assert.ok(cases.length >= 50);
  for (const one of cases) {
    test(`OT-17: ${file}: ${one.name}`, () => body(one));
  }
}

const refusal = (code: string) => (error: unknown) => error instanceof InvalidError && error.code === code;

vectors("apply", ({ text, op, error, result, invertible, inverse }) => {
  check(op);
  if (error !== undefined) {
    for (const attempt of [apply, applyChecked, makeInvertible]) {
      assert.throws(() => attempt(text, op), refusal(error));
    }
    for (const attempt of [apply, applyChecked]) {
      assert.throws(() => attempt(text, op, length(text)), refusal(error));
    }
    return;
  }
  for (const codePoints of [undefined, length(text)]) {
    assert.equal(apply(text, op, codePoints), result);
    assert.deepEqual(applyChecked(text, op, codePoints), [result, invertible]);
  }
  assert.deepEqual(makeInvertible(text, op), invertible);
  assert.deepEqual(invert(invertible), inverse);
  assert.equal(apply(result, inverse), text);
  assert.equal(length(text) + lengthDelta(op), length(result));
});

vectors("transform", ({ text, op, other, left, right, other_right, result }) => {
  assert.deepEqual(transform(op, other, "left"), left);
  assert.deepEqual(transform(op, other, "right"), right);
  assert.deepEqual(transform(other, op, "right"), other_right);
  assert.equal(apply(apply(text, op), other_right), result);
  assert.equal(apply(apply(text, other), left), result);
});

vectors("compose", ({ text, a, b, result }) => {
  assert.deepEqual(compose(a, b), result);
  assert.equal(apply(text, result), apply(apply(text, a), b));
});

vectors("position", ({ position, op, result, own }) => {
  assert.equal(transformPosition(position, op), result);
  assert.equal(transformPosition(position, op, true), own);
  assert.deepEqual(transformRange([position, position], op, true), [own, own]);
});

vectors("check", ({ op, error }) => {
  if (error === undefined) {
    check(op);
  } else {
    assert.throws(() => check(op), refusal(error));
  }
});

test("OT-13: diff finds the very operations that Python does", () => {
  const url = new URL("../../../tests/vectors/client/diff.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(url, "utf-8")) as { cases: { old: string; new: string; op: Operation }[] };
  assert.ok(cases.length > 100);
  for (const { old, new: after, op } of cases) {
    assert.deepEqual(diff(old, after), op);
    assert.equal(apply(old, op), after);
  }
});

test("OT-1, OT-2: operations of one version converge, whichever comes first", () => {
  const dice = new Dice(1);
  for (let run = 0; run < 2000; run++) {
    const text = randomText(dice);
    const [a, b] = [randomOperation(dice, text), randomOperation(dice, text)];
    const [aAfterB, bAfterA] = [transform(a, b, "left"), transform(b, a, "right")];
    check(aAfterB);
    assert.equal(apply(apply(text, a), bAfterA), apply(apply(text, b), aAfterB));
  }
});

test("OT-5, OT-6, OT-13: inverses take back, compositions do both, differences lead from one to the other", () => {
  const dice = new Dice(2);
  for (let run = 0; run < 2000; run++) {
    const text = randomText(dice);
    const [between, a] = applyChecked(text, randomOperation(dice, text));
    const [after, b] = applyChecked(between, randomOperation(dice, between));
    assert.equal(apply(between, invert(a)), text);
    const both = compose(a, b);
    check(both);
    assert.equal(apply(text, both), after);
    const found = diff(text, after);
    check(found);
    assert.equal(apply(text, found), after);
    assert.equal(isNoop(found), text === after);
  }
});

test("OT-5: a counted delete cannot be taken back", () => {
  assert.throws(() => invert([{ d: 1 }]), refusal("invalid_operation"));
});

test("OT-7: operations are values: nothing changes its arguments", () => {
  const dice = new Dice(3);
  const frozen = (op: Operation) => {
    for (const component of op) {
      Object.freeze(component);
    }
    return Object.freeze(op);
  };
  for (let run = 0; run < 500; run++) {
    const text = randomText(dice);
    const [between, made] = applyChecked(text, randomOperation(dice, text));
    const [a, b] = [frozen(made), frozen(randomOperation(dice, text))];
    transform(a, b, "left");
    transform(b, a, "right");
    compose(a, frozen(randomOperation(dice, between)));
    invert(a);
    normalize([...a, ...a]);
    applyChecked(text, b);
  }
});

test("OT-9: normalize drops what is empty, joins neighbours and cuts a trailing skip", () => {
  assert.deepEqual(normalize([0, "", 1, 2, "a", "b", { d: 0 }, { d: "x" }, { d: "y" }, 3]), [3, "ab", { d: "xy" }]);
  assert.deepEqual(normalize([{ d: "x😀" }, { d: 2 }]), [{ d: 4 }]);
  for (const bad of [
    null,
    "a",
    [true],
    [-1, "a"],
    [{ d: 1, e: 2 }],
    [{}],
    [[1]],
    [1.5, "a"],
    [2 ** 30, 2 ** 30, "a"],
  ]) {
    assert.throws(() => normalize(bad), refusal("invalid_operation"));
  }
  assert.throws(() => normalize(["\ud800"]), refusal("invalid_text"));
});

test("OT-12: an edit given by position becomes one operation, or is refused", () => {
  assert.deepEqual(fromPositionEdit("insert", 2, { content: "x" }), [2, "x"]);
  assert.deepEqual(fromPositionEdit("delete", 0, { length: 3 }), [{ d: 3 }]);
  assert.deepEqual(fromPositionEdit("delete", 1, { content: "abc" }), [1, { d: "abc" }]);
  assert.deepEqual(fromPositionEdit("replace", 1, { content: "x", length: 2 }), [1, "x", { d: 2 }]);
  assert.deepEqual(fromPositionEdit("insert", 5, { content: "" }), []);
  const malformed = refusal("malformed");
  assert.throws(() => fromPositionEdit("insert", -1, { content: "x" }), malformed);
  assert.throws(() => fromPositionEdit("insert", 0.5, { content: "x" }), malformed);
  assert.throws(() => fromPositionEdit("insert", 0, {}), malformed);
  assert.throws(() => fromPositionEdit("delete", 0, {}), malformed);
  assert.throws(() => fromPositionEdit("replace", 0, { content: "x" }), malformed);
  assert.throws(() => fromPositionEdit("delete", 0, { length: 2 ** 31 }), malformed);
  assert.throws(() => fromPositionEdit("insert", 0, { content: "\0" }), refusal("invalid_text"));
});

test("OT-18: offsets are converted between code points and UTF-16 units, also where a pair stands on a block's edge", () => {
  for (const edge of [2040, 2046, 2047, 2048, 4094, 4095]) {
    const text = `${"x".repeat(edge)}😀é漢😀${"y".repeat(3000)}😁z`;
    const points = [...text];
    assert.equal(length(text), points.length);
    for (const at of [
      0,
      1,
      edge - 1,
      edge,
      edge + 1,
      edge + 2,
      edge + 4,
      edge + 3000,
      points.length - 1,
      points.length,
    ]) {
      const units = points.slice(0, at).join("").length;
      assert.equal(toUtf16(text, at), units);
      assert.equal(toCodePoints(text, units), at);
    }
    assert.ok(toUtf16(text, points.length + 1) > text.length);
    assert.throws(() => toCodePoints(text, edge + 1));
  }
});
