/** Rule APP-48: the pass of an admin link. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { AdminPass, PASS_KEY } from "../src/admin/pass.ts";
import { MemoryStorage } from "./memoryStorage.ts";

const SHUT = {
  getItem(): never {
    throw new Error("storage is shut");
  },
  setItem(): never {
    throw new Error("storage is shut");
  },
  removeItem(): never {
    throw new Error("storage is shut");
  },
};

test("APP-48 a pass is taken from the fragment, and outlives a reload of its tab", () => {
  const tab = new MemoryStorage();
  const pass = new AdminPass(tab);
  assert.equal(pass.token.value, null);
  assert.equal(pass.take("#a.b.c"), true);
  assert.equal(pass.token.value, "a.b.c");
  assert.equal(new AdminPass(tab).token.value, "a.b.c");
  assert.equal(new AdminPass(new MemoryStorage()).token.value, null);
});

test("APP-48 an address without one takes none away", () => {
  const pass = new AdminPass(null);
  pass.take("#first");
  for (const fragment of ["", "#", "#%"]) assert.equal(pass.take(fragment), false);
  assert.equal(pass.token.value, "first");
});

test("APP-48 a refusal ends the pass it was about, and no other", () => {
  const tab = new MemoryStorage();
  const pass = new AdminPass(tab);
  pass.take("#first");
  pass.take("#second");
  pass.refused("first");
  assert.deepEqual([pass.token.value, pass.ended.value], ["second", false]);
  pass.refused("second");
  assert.deepEqual([pass.token.value, pass.ended.value, tab.kept.has(PASS_KEY)], [null, true, false]);
  pass.take("#third");
  assert.deepEqual([pass.token.value, pass.ended.value], ["third", false]);
});

test("APP-48 whoever is done gives it up", () => {
  const tab = new MemoryStorage();
  const pass = new AdminPass(tab);
  pass.take("#first");
  pass.giveUp();
  assert.deepEqual([pass.token.value, pass.ended.value, tab.kept.has(PASS_KEY)], [null, false, false]);
});

test("APP-48 a browser that keeps nothing has it for the page", () => {
  const pass = new AdminPass(SHUT);
  assert.equal(pass.take("#first"), true);
  assert.equal(pass.token.value, "first");
  pass.giveUp();
  assert.equal(pass.token.value, null);
});
