/** Offsets between UTF-16 units and code points. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Text } from "@codemirror/state";
import { documentOf } from "../src/binding.ts";
import { codePoints, pairsIn, toCodePoints, toUtf16 } from "../src/offsets.ts";
import { below, randomOffset, randomText, seeded } from "./random.ts";

test("ED-1 offsets convert both ways as counting the characters one by one does", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    const text = randomText(random, 2000);
    const doc = documentOf(text);
    assert.equal(codePoints(doc), [...text].length);
    for (let round = 0; round < 20; round++) {
      const offset = randomOffset(random, text);
      const points = [...text.slice(0, offset)].length;
      assert.equal(toCodePoints(doc, offset), points);
      assert.equal(toUtf16(doc, points), offset);
    }
  }
});

test("ED-1 counts stay right over edits, which share what they leave alone", () => {
  const random = seeded(7);
  let text = randomText(random, 3000);
  let doc = documentOf(text);
  for (let round = 0; round < 300; round++) {
    const [one, other] = [randomOffset(random, text), randomOffset(random, text)];
    const from = Math.min(one, other);
    const to = Math.min(Math.max(one, other), from + below(random, 40) * 2);
    const end = /[\udc00-\udfff]/.test(text.charAt(to)) ? to - 1 : to;
    const insert = randomText(random, 12);
    text = text.slice(0, from) + insert + text.slice(Math.max(from, end));
    doc = doc.replace(from, Math.max(from, end), documentOf(insert));
    assert.equal(pairsIn(doc), text.length - [...text].length);
    assert.equal(toUtf16(doc, codePoints(doc)), text.length);
  }
});

test("ED-1 an offset inside a pair is that of the pair", () => {
  assert.equal(toCodePoints(Text.of(["a😀b"]), 2), 1);
});

test("ED-1 offsets outside the text are refused", () => {
  const doc = documentOf("😀\n".repeat(100));
  assert.throws(() => toUtf16(doc, 500), RangeError);
  assert.throws(() => toCodePoints(doc, 500), RangeError);
});
