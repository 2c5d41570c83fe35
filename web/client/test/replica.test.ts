/** How edits are cut and joined for the wire, how some are taken out of a line of them, and lengths that are kept along. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { exclude } from "../src/history.ts";
import { cut, join, MAX_PORTION, onTheWire, SPELLED_OUT, weight } from "../src/portions.ts";
import type { Operation } from "../src/protocol.ts";
import { Replica } from "../src/replica.ts";
import { apply, applyChecked, check, invert, isNoop, length } from "../src/text/index.ts";
import { Dice, randomOperation, randomText } from "./generate.ts";

function run(text: string, ops: readonly Operation[]): string {
  return ops.reduce((before, op) => {
    check(op);
    return apply(before, op);
  }, text);
}

test("CL-15: an operation that is cut does what it did whole", () => {
  const dice = new Dice(1);
  for (let round = 0; round < 1000; round++) {
    const text = randomText(dice);
    const [after, op] = applyChecked(text, randomOperation(dice, text));
    assert.equal(run(text, cut(op, dice.int(20, 60))), after);
  }
});

test("CL-15: every part of a huge edit fits into a message even where JSON escapes each character", () => {
  const document = "\x01".repeat(100_000);
  const op: Operation = ["\x02".repeat(300_000), 5, { d: document.slice(0, 50_000) }, 7, "😀".repeat(40_000)];
  const parts = cut(op);
  assert.ok(parts.length > 300_000 / MAX_PORTION);
  assert.equal(run(document, parts), apply(document, op));
  for (const part of parts) {
    assert.ok(Buffer.byteLength(JSON.stringify(onTheWire(part))) < 255 * 1024);
  }
});

test("CL-4: edits that wait are composed into few, which do the same one after the other", () => {
  const dice = new Dice(2);
  for (let round = 0; round < 500; round++) {
    const text = randomText(dice);
    const pending: Operation[] = [];
    let content = text;
    const limit = dice.int(20, 200);
    for (let left = dice.int(1, 8); left > 0; left--) {
      const [after, op] = applyChecked(content, randomOperation(dice, content));
      content = after;
      join(pending, op, limit);
    }
    assert.equal(run(text, pending), content);
    assert.ok(!pending.some(isNoop));
  }
  const keystrokes: Operation[] = [];
  for (let at = 0; at < 1000; at++) {
    join(keystrokes, at ? [at, "x"] : ["x"]);
  }
  assert.deepEqual(keystrokes, [["x".repeat(1000)]]);
  join(keystrokes, [{ d: "x".repeat(1000) }]);
  assert.deepEqual(keystrokes, []);
});

test("CL-15: a short delete is sent with its text, which the room checks; a long one as a count", () => {
  assert.deepEqual(onTheWire(["a", { d: "😀" }]), ["a", { d: "😀" }]);
  const long = "😀".repeat(SPELLED_OUT + 1);
  assert.deepEqual(onTheWire([3, { d: long }]), [3, { d: SPELLED_OUT + 1 }]);
  assert.ok(weight([3, { d: "x".repeat(10 ** 6) }]) < SPELLED_OUT * 2);
});

test("CL-10: what is excluded can be taken back: the undos lead to the text of what stays", () => {
  const dice = new Dice(3);
  for (let round = 0; round < 1000; round++) {
    const text = randomText(dice);
    const line: [op: Operation, key: number | null][] = [];
    let content = text;
    let last = 1;
    for (let left = dice.int(0, 6); left > 0; left--) {
      const [after, op] = applyChecked(content, randomOperation(dice, content));
      content = after;
      last += dice.int(0, 1);
      line.push([op, dice.chance(0.5) ? null : last]);
    }
    const { kept, undos } = exclude(line);
    const without = run(text, kept);
    const ops = undos.map((undo) => undo.op);
    assert.equal(run(content, ops), without);
    assert.equal(run(without, ops.reverse().map(invert)), content);
    const keys = [...new Set(line.flatMap(([, key]) => key ?? []))];
    assert.deepEqual(undos.map((undo) => undo.key).reverse(), keys);
  }
});

test("OT-18: a replica knows the length of its text in code points after whatever happens to it", () => {
  const dice = new Dice(4);
  const replica = new Replica();
  for (let round = 0; round < 500; round++) {
    const before = replica.text;
    const what = dice.next();
    if (what < 0.5) {
      replica.edit(randomOperation(dice, before));
      replica.send(3);
    } else if (what < 0.7 && replica.isAcked) {
      replica.receive(applyChecked(before, randomOperation(dice, before))[1], "bob");
    } else if (what < 0.8) {
      replica.acknowledge(replica.acked + 1);
    } else if (what < 0.9) {
      replica.withdraw({ everything: dice.chance(0.3) });
    } else {
      replica.rebase(randomText(dice, 40), replica.version + 1, replica.acked, replica.durable);
    }
    assert.equal(replica.length, length(replica.text));
    assert.equal(replica.length, [...replica.text].length);
  }
});
