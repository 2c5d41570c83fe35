/** Rules APP-51 and APP-52: what the admin page says. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytes,
  count,
  drainedWords,
  NO_ANSWER,
  NONE,
  nodeFigures,
  nodeName,
  partWords,
  roomFigures,
  summary,
} from "../src/admin/figures.ts";
import { refusalWords } from "../src/admin/refusal.ts";
import { ACTIVITY, NODE, roomOf, statusOf } from "./adminBodies.ts";

test("APP-51 bytes in the unit that fits", () => {
  const said = [0, 999, 1_000, 55_600_000, 120_400_000, 3e15].map(bytes);
  assert.deepEqual(said, ["0 B", "999 B", "1.0 kB", "55.6 MB", "120 MB", "3000 TB"]);
});

test("APP-51 an awake room: its people, versions and pace", () => {
  assert.deepEqual(roomFigures(roomOf()), {
    state: "Awake",
    people: "2",
    version: "78",
    unsaved: "2",
    pace: "3.7",
    memory: "55.6 MB",
  });
  const early = roomOf({ activity: { ...ACTIVITY, durable_version: 79, memory_bytes: 0 } });
  assert.equal(roomFigures(early).unsaved, "0");
  assert.equal(roomFigures(early).memory, NONE);
});

test("APP-51 a room that sleeps, and one that hangs, have no figures but the stored version", () => {
  for (const [state, words] of [
    ["asleep", "Asleep"],
    ["no_answer", "No answer"],
  ] as const) {
    const { state: said, version, ...rest } = roomFigures(roomOf({ state, activity: null }));
    assert.deepEqual([said, version], [words, "76"]);
    assert.deepEqual(new Set(Object.values(rest)), new Set([NONE]));
  }
});

test("APP-51 a node: whether it takes rooms, what it holds and how late that is", () => {
  assert.deepEqual(nodeFigures(NODE), { state: "Takes rooms", backlog: "5 (700 B)", lag: "8 ms" });
  assert.equal(nodeFigures({ ...NODE, takes_rooms: false }).state, "Drained");
  const writer = NODE.writer && { ...NODE.writer, database_ok: false };
  assert.equal(nodeFigures({ ...NODE, writer }).state, "Takes rooms, cannot write");
  const silent = nodeFigures({ ...NODE, takes_rooms: null, writer: null });
  assert.deepEqual(silent, { state: "Not known, no writer answers", backlog: NONE, lag: NONE });
});

test("APP-51 what does not answer is no zero", () => {
  assert.equal(count(null), NO_ANSWER);
  assert.equal(count(0), "0");
  assert.equal(nodeName(statusOf(), NODE.node_id), "192.0.2.2");
  assert.equal(nodeName(statusOf({ nodes: null }), NODE.node_id), "7a1f01234567");
});

test("APP-51 one sentence tells which parts have failed", () => {
  const { health } = statusOf();
  assert.equal(summary(health), "All parts are well.");
  const failed = { status: "failed", detail: "It is away." } as const;
  assert.equal(summary({ ...health, parts: { ...health.parts, database: failed } }), "The database has failed.");
  const both = { ...health.parts, database: failed, ingress: failed };
  assert.equal(summary({ ...health, parts: both }), "The database and the ingress have failed.");
  assert.deepEqual([partWords(failed), partWords(health.parts.database)], ["Failed: It is away.", "Well"]);
});

test("APP-51 a drained node: how much moved, and that its people will", () => {
  assert.match(drainedWords({ node_id: "n", rooms: 1 }, "192.0.2.2"), /^1 room moved, 192\.0\.2\.2 gets no more\. /);
  assert.match(drainedWords({ node_id: "n", rooms: 2 }, "192.0.2.2"), /^2 rooms .* other gateways/);
});

test("APP-52 who may not look is told why, and how one comes in", () => {
  const nobody = refusalWords(null, false);
  assert.match(nobody, /admin-link/);
  assert.equal(refusalWords({ name: "Ada" }, false), `You are signed in as Ada, who does not run it. ${nobody}`);
  for (const user of [null, { name: "Ada" }]) {
    assert.equal(refusalWords(user, true), `The link that you came by does not hold any more. ${nobody}`);
  }
});
