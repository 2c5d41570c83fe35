/** The logic of a room's history as it is drawn. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EditSession } from "../../editor/src/history.ts";
import { versionsPerSecond } from "../src/room/history/replay.ts";
import { dayTicks, percent, sharesOf, stretchesOf } from "../src/room/history/timeline.ts";

function session(from: number, to: number, userId: string, day = 1): EditSession {
  return { from, to, user_id: userId, at: new Date(2026, 2, day, 12).toISOString() };
}

test("APP-44 sessions of one author in a row are one stretch", () => {
  const sessions = [session(1, 4, "ana"), session(5, 5, "ana"), session(6, 9, "ben")];
  assert.deepEqual(stretchesOf(sessions), [
    { from: 1, to: 5, userId: "ana" },
    { from: 6, to: 9, userId: "ben" },
  ]);
  assert.deepEqual(stretchesOf([]), []);
});

test("APP-44 very many stretches are drawn as parts without gaps, each of who made most of it", () => {
  const sessions = Array.from({ length: 3_000 }, (_, index) =>
    session(index * 3 + 1, index * 3 + (index % 2 === 0 ? 2 : 3), index % 2 === 0 ? "ana" : "ben"),
  ).flatMap((one, index) => (index % 2 === 0 ? [one, session(one.to + 1, one.to + 1, "ben")] : [one]));
  const parts = stretchesOf(sessions, 10);
  assert.equal(parts.length, 10);
  assert.equal(parts[0]?.from, 1);
  assert.equal(parts.at(-1)?.to, 9_000);
  for (const [index, part] of parts.entries()) {
    assert.equal(part.from, (parts[index - 1]?.to ?? 0) + 1);
    assert.equal(part.userId, "ben", "who made four of each six versions");
  }
});

test("APP-44 a tick stands where a day begins, and none too near to another", () => {
  const sessions = [
    session(1, 10, "ana", 1),
    session(11, 20, "ben", 1),
    session(21, 60, "ana", 2),
    session(61, 61, "ana", 3),
  ];
  assert.deepEqual(
    dayTicks(sessions, 100).map((tick) => tick.version),
    [1, 21, 61],
  );
  assert.deepEqual(
    dayTicks([...sessions, session(62, 100, "ana", 4)], 100).map((tick) => tick.version),
    [1, 21, 61],
  );
});

test("APP-44 the legend tells how much of the text each author wrote", () => {
  const shares = sharesOf([
    { user_id: "ana", length: 10 },
    { user_id: "ben", length: 60 },
    { user_id: "ana", length: 30 },
  ]);
  assert.deepEqual(shares, [
    { userId: "ben", share: 0.6 },
    { userId: "ana", share: 0.4 },
  ]);
  assert.deepEqual(sharesOf([]), []);
  assert.equal(percent(0.004), "<1%");
  assert.equal(percent(0.616), "62%");
});

test("APP-45 short histories play at the pace of typing, long ones within a minute", () => {
  assert.equal(versionsPerSecond(10, 1), 8);
  assert.ok(90_000 / versionsPerSecond(90_000, 1) <= 60);
  assert.equal(versionsPerSecond(10, 4), 32);
});
