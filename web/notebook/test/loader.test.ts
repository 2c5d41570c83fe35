/** Rules NB-40 to NB-43: how a view's code comes to the page. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadOnce } from "../src/loader/assets.ts";
import { ASK_AGAIN_MS, fromKernel } from "../src/loader/fromKernel.ts";
import { fromServer } from "../src/loader/fromServer.ts";
import { Parts } from "../src/loader/parts.ts";
import { Timers } from "./timers.ts";

const NAME = "widget-1.js";

/** A view that asks its kernel for a file. */
class Asking {
  readonly timers = new Timers();
  readonly sent: Record<string, unknown>[] = [];
  readonly listeners = new Set<(content: unknown) => void>();
  readonly ending = new AbortController();
  silences = 0;
  isCommGone = false;

  readonly text: Promise<string> = fromKernel(
    NAME,
    {
      view: "mine",
      send: (content) => {
        if (this.isCommGone) throw new Error("Cannot send");
        this.sent.push(content);
      },
      listen: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
      after: this.timers.after,
      silent: () => {
        this.silences += 1;
      },
    },
    this.ending.signal,
  );

  part(part: unknown, parts: unknown, text: unknown, view = "mine", name = NAME): void {
    for (const listener of [...this.listeners]) listener({ kind: "asset", view, name, part, parts, text });
  }

  get isDone(): boolean {
    return this.listeners.size === 0 && this.timers.waiting === 0;
  }
}

test("NB-40 a file is its parts in their order, whatever order they came in, however often", () => {
  const parts = new Parts();
  assert.equal(parts.add(2, 3, "c"), true);
  assert.equal(parts.add(0, 3, "a"), true);
  assert.equal(parts.add(2, 3, "c"), false);
  assert.equal(parts.text, null);
  for (const [index, count, text] of [
    [3, 3, "x"],
    [-1, 3, "x"],
    [1.5, 3, "x"],
    ["1", 3, "x"],
    [1, 3, 1],
    [1, 3],
  ]) {
    assert.equal(parts.add(index, count, text), false);
  }
  assert.equal(parts.add(1, 3, "b"), true);
  assert.equal(parts.text, "abc");
  parts.add(0, 1, "new");
  assert.equal(parts.text, "new", "the file was another by then");
});

test("NB-40 a view hears only what the kernel sends to it", async () => {
  const asking = new Asking();
  asking.part(0, 1, "for another view", "other");
  asking.part(0, 1, "another file", "mine", "grammar-1.js");
  asking.part(0, 1, "mine");
  assert.equal(await asking.text, "mine");
  assert.equal(asking.isDone, true);
});

test("NB-41 a file is asked for again when nothing of it came for 5 seconds, and what came before counts", async () => {
  const asking = new Asking();
  assert.deepEqual(asking.sent, [{ kind: "asset", view: "mine", name: NAME }]);
  asking.timers.pass(ASK_AGAIN_MS - 1);
  asking.part(0, 2, "a");
  asking.timers.pass(ASK_AGAIN_MS - 1);
  assert.equal(asking.sent.length, 1, "it is on its way");
  asking.timers.pass(1);
  assert.equal(asking.sent.length, 2);
  assert.equal(asking.silences, 1);
  asking.part(1, 2, "b");
  assert.equal(await asking.text, "ab");
  assert.equal(asking.isDone, true);
});

test("NB-41 a busy kernel is waited for, however long it takes", async () => {
  const asking = new Asking();
  asking.timers.pass(600_000);
  assert.equal(asking.sent.length, 121);
  asking.part(0, 1, "at last");
  assert.equal(await asking.text, "at last");
});

test("NB-42 asking ends when the kernel refuses, when it is gone, and when the view is removed", async () => {
  const refused = new Asking();
  for (const listener of [...refused.listeners]) {
    listener({ kind: "asset", view: "mine", name: NAME, error: "There is no such file." });
  }
  await assert.rejects(refused.text, /There is no such file/);
  const gone = new Asking();
  gone.isCommGone = true;
  gone.timers.pass(ASK_AGAIN_MS);
  await assert.rejects(gone.text, /Cannot send/);
  const removed = new Asking();
  removed.ending.abort();
  await assert.rejects(removed.text, /removed/);
  for (const asking of [refused, gone, removed]) assert.equal(asking.isDone, true);
});

test("NB-43 the Jupyter server's answer counts only when it is a script", async () => {
  const answer = (status: number, type: string) => async () =>
    new Response("the text", { status, headers: { "content-type": type } });
  assert.equal(await fromServer("/a", answer(200, "text/javascript; charset=utf-8")), "the text");
  assert.equal(await fromServer("/a", answer(404, "text/javascript")), null);
  assert.equal(await fromServer("/a", answer(200, "text/html")), null, "a login page");
  assert.equal(await fromServer("/a", () => Promise.reject(new TypeError("offline"))), null);
});

test("NB-40 a page fetches a module once, however many views want it", async () => {
  const loaded = new Map<string, Promise<unknown>>();
  let fetches = 0;
  const fetch = async () => {
    fetches += 1;
    return { name: "module" };
  };
  const [one, other] = await Promise.all([loadOnce(loaded, NAME, fetch), loadOnce(loaded, NAME, fetch)]);
  assert.equal(one, other);
  assert.equal(await loadOnce(loaded, NAME, fetch), one);
  assert.equal(fetches, 1);
});

test("NB-42 who waits for another view's fetch tries itself when that one fails", async () => {
  const loaded = new Map<string, Promise<unknown>>();
  let attempts = 0;
  const failing = async () => {
    attempts += 1;
    throw new Error("its kernel is gone");
  };
  const first = loadOnce(loaded, NAME, failing);
  const second = loadOnce(loaded, NAME, async () => "module");
  const third = loadOnce(loaded, NAME, failing);
  await assert.rejects(first, /its kernel is gone/);
  assert.equal(await second, "module");
  assert.equal(await third, "module");
  assert.equal(attempts, 1);
});
