/** Rules APP-10 and APP-11: the addresses of the pages. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fragmentToken, parseRoute, roomPath } from "../src/routes.ts";

test("APP-10 each address means one page", () => {
  for (const path of ["/", "/rooms", "/rooms/"]) assert.deepEqual(parseRoute(path), { page: "rooms" });
  for (const path of ["/admin", "/admin/"]) assert.deepEqual(parseRoute(path), { page: "admin" });
  for (const path of ["/invite", "/invite/"]) assert.deepEqual(parseRoute(path), { page: "invite" });
  for (const id of ["interview-42", "a", "A.b_c~d-e", "x".repeat(64)]) {
    assert.deepEqual(parseRoute(roomPath(id)), { page: "room", roomId: id });
    assert.deepEqual(parseRoute(`${roomPath(id)}/`), { page: "room", roomId: id });
  }
  assert.deepEqual(parseRoute("/rooms/a%7Eb"), { page: "room", roomId: "a~b" });
});

test("APP-10 what can be no room is no page, and is never sent to the server", () => {
  const none = [
    "/nowhere",
    "/rooms/a/b",
    "/rooms/-a",
    "/rooms/a%2Fb",
    "/rooms/%",
    `/rooms/${"x".repeat(65)}`,
    "/invited",
    "/admin/x",
    "/rooms/é",
  ];
  for (const path of none) assert.deepEqual(parseRoute(path), { page: "lost" }, path);
});

test("APP-11 an invitation is read from the fragment", () => {
  assert.equal(fragmentToken("#abc.def-_"), "abc.def-_");
  assert.equal(fragmentToken("#abc%2Edef"), "abc.def");
  for (const fragment of ["", "#", "# ", "#%"]) assert.equal(fragmentToken(fragment), null);
});
