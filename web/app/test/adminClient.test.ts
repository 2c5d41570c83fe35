/** Rule APP-53: the calls of the admin page. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { AdminClient } from "../src/admin/adminClient.ts";

test("APP-53 calls carry the token in the header alone, and ids that cannot leave their place", async (t) => {
  const calls: string[] = [];
  t.mock.method(globalThis, "fetch", async (url: string, init: RequestInit) => {
    assert.deepEqual(init.headers, { Authorization: "Bearer the-pass" });
    assert.equal(init.body, undefined);
    calls.push(`${init.method} ${url}`);
    return new Response("{}");
  });
  const admin = new AdminClient("http://rooms.example", () => "the-pass");
  await admin.status();
  await admin.allRooms({ awake: true, after: "a b" });
  await admin.drainNode("n/1");
  await admin.reopenNode("n/1");
  assert.deepEqual(calls, [
    "GET http://rooms.example/api/admin/status",
    "GET http://rooms.example/api/admin/rooms?awake=true&after=a+b&limit=50",
    "POST http://rooms.example/api/admin/nodes/n%2F1/drain",
    "POST http://rooms.example/api/admin/nodes/n%2F1/reopen",
  ]);
});

test("APP-53 draining may take minutes", async (t) => {
  const patience: number[] = [];
  t.mock.method(globalThis, "fetch", async () => new Response("{}"));
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  t.mock.method(AbortSignal, "timeout", (ms: number) => {
    patience.push(ms);
    return timeout(ms);
  });
  const admin = new AdminClient("http://rooms.example", () => "the-pass");
  await admin.status();
  await admin.drainNode("n");
  const [usual = 0, draining = 0] = patience;
  assert.ok(usual <= 30_000 && draining > 120_000, `${usual} and ${draining} ms`);
});
