/** Rules APP-17 and APP-18: what an invitation's refusal means, and what a stored theme means. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { invitationProblem } from "../src/pages/invitationProblem.ts";
import { parseChoice } from "../src/theme.ts";

test("APP-17 each refusal of an invitation has words of its own; other troubles are not the invitation's", () => {
  const codes = ["invitation_invalid", "invitation_expired", "invitation_revoked", "room_not_found"];
  const words = new Set(codes.map(invitationProblem));
  assert.equal(words.size, codes.length);
  assert.ok(!words.has(null));
  for (const code of ["database_unavailable", "bad_token", "room_full", "internal"]) {
    assert.equal(invitationProblem(code), null);
  }
});

test("APP-18 a stored theme is light or dark; anything else leaves it to the system", () => {
  assert.equal(parseChoice("light"), "light");
  assert.equal(parseChoice("dark"), "dark");
  for (const other of [null, "", "Dark", "system"]) assert.equal(parseChoice(other), "system");
});
