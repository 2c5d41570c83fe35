/** Rule APP-16: what floats stays in sight. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { place } from "../src/components/place.ts";

const VIEW = { width: 400, height: 300 };
const BOX = { width: 100, height: 50 };

function anchor(left: number, top: number) {
  return { left, top, width: 40, height: 20 };
}

test("APP-16 a floating box stands on its side, aligned as asked", () => {
  assert.deepEqual(place(anchor(200, 100), BOX, VIEW, { side: "below", align: "start" }), { left: 200, top: 126 });
  assert.deepEqual(place(anchor(200, 100), BOX, VIEW, { side: "below", align: "end" }), { left: 140, top: 126 });
  assert.deepEqual(place(anchor(200, 100), BOX, VIEW, { side: "above", align: "centre" }), { left: 170, top: 44 });
});

test("APP-16 it turns to the other side where there is no room, and never leaves the viewport", () => {
  assert.equal(place(anchor(200, 260), BOX, VIEW, { side: "below", align: "start" }).top, 204);
  assert.equal(place(anchor(200, 10), BOX, VIEW, { side: "above", align: "start" }).top, 36);
  assert.equal(place(anchor(390, 100), BOX, VIEW, { side: "below", align: "start" }).left, 292);
  assert.equal(place(anchor(0, 100), BOX, VIEW, { side: "below", align: "end" }).left, 8);
  const large = { width: 100, height: 290 };
  assert.equal(place(anchor(200, 140), large, VIEW, { side: "below", align: "start" }).top, 8);
});
