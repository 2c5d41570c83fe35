/** The history model: text, authors and sessions at every version. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidError, NotFoundError } from "../../client/src/errors.ts";
import type { Operation } from "../../client/src/protocol.ts";
import { apply, applyChecked, diff, isNoop } from "../../client/src/text/index.ts";
import { type AuthorRun, attribute } from "../src/authorship.ts";
import { History } from "../src/history.ts";
import { below, randomOffset, randomText, seeded } from "./random.ts";

interface Logged {
  version: number;
  op: Operation;
  user_id: string;
  timestamp: string;
}

/** A room's log behind the one route that a history reads. */
class FakeLog {
  readonly log: Logged[] = [];
  requests = 0;
  failure: Error | null = null;

  add(op: Operation, userId: string, seconds = this.log.length): void {
    const timestamp = new Date(Date.UTC(2026, 0, 5, 9, 0, seconds)).toISOString();
    this.log.push({ version: this.log.length + 1, op, user_id: userId, timestamp });
  }

  readonly operations: Parameters<typeof History.open>[0]["operations"] = async (roomId, range) => {
    this.requests++;
    if (this.failure !== null) throw this.failure;
    const { from_version: from = 0, limit = 1000 } = range ?? {};
    const page = this.log.slice(from, from + limit);
    return {
      room_id: roomId,
      from_version: from,
      to_version: from + page.length,
      current_version: this.log.length,
      limit,
      next: from + page.length < this.log.length ? from + page.length : null,
      operations: page.map((entry) => ({
        ...entry,
        operation_id: `${roomId}:${entry.version}`,
        op_type: "insert" as const,
        position: 0,
        content: "",
        client_id: "c",
        seq: entry.version,
      })),
    };
  };
}

const PEOPLE = ["ana", "bo", "cy"];

/** A log of random edits; with it, the text at each version, and who wrote each of its code points. */
function randomLog(seed: number, length: number): { source: FakeLog; texts: string[]; authors: string[][] } {
  const random = seeded(seed);
  const source = new FakeLog();
  const texts = [""];
  const authors: string[][] = [[]];
  while (texts.length <= length) {
    const text = texts.at(-1) ?? "";
    const at = randomOffset(random, text);
    const end = randomOffset(random, text);
    const gone = random() < 0.4 ? Math.max(at, Math.min(end, at + 8)) : at;
    const whole = /[\udc00-\udfff]/.test(text.charAt(gone)) ? gone - 1 : gone;
    const op = diff(text, text.slice(0, at) + randomText(random, 5) + text.slice(Math.max(at, whole)));
    if (isNoop(op)) continue;
    const who = PEOPLE[below(random, PEOPLE.length)] ?? "";
    source.add(op, who);
    texts.push(apply(text, op));
    authors.push(blame(authors.at(-1) ?? [], op, who));
  }
  return { source, texts, authors };
}

/** One author a code point: slow and plain. */
function blame(authors: readonly string[], op: Operation, who: string): string[] {
  const result: string[] = [];
  let at = 0;
  for (const component of op) {
    if (typeof component === "number") for (const end = at + component; at < end; at++) result.push(authors[at] ?? "");
    else if (typeof component === "string") for (const _ of component) result.push(who);
    else at += typeof component.d === "number" ? component.d : [...component.d].length;
  }
  return [...result, ...authors.slice(at)];
}

function spread(runs: readonly AuthorRun[]): string[] {
  return runs.flatMap(({ user_id, length }) => Array.from({ length }, () => user_id));
}

test("ED-16 the text and its authors are right at every version, in whatever order they are asked for", async () => {
  for (const seed of [1, 2]) {
    const { source, texts, authors } = randomLog(seed, 700);
    const history = await History.open(source, "r", { page: 100 });
    await history.load();
    assert.equal(history.loaded, 700);
    const random = seeded(seed);
    const versions = [0, 700, 256, 255, 257, 512, ...Array.from({ length: 60 }, () => below(random, 701))];
    const replayed = [...texts.keys()].filter((version) => version % 5 === 0);
    for (const version of [...versions, ...replayed]) {
      assert.equal(history.textAt(version), texts[version], `seed ${seed}, version ${version}`);
      const runs = history.authorsAt(version);
      assert.deepEqual(spread(runs), authors[version], `seed ${seed}, version ${version}`);
      assert.ok(runs.every(({ length, user_id }, index) => length > 0 && user_id !== runs[index - 1]?.user_id));
    }
  }
});

test("ED-16 attributing refuses an operation that reaches past the end", () => {
  assert.throws(() => attribute([{ user_id: "ana", length: 2 }], [3, "x"], "bo"), RangeError);
});

test("ED-17 pages are read as far as is asked, once each, also by callers at the same time", async () => {
  const { source } = randomLog(4, 450);
  const history = await History.open(source, "r", { page: 100 });
  assert.equal(history.latest, 450);
  assert.equal(history.loaded, 100);
  await Promise.all([history.load(250), history.load(180), history.load(90)]);
  assert.equal(history.loaded, 300);
  assert.equal(source.requests, 3);
  assert.throws(() => history.textAt(301), RangeError);
  assert.equal(history.entry(301), null);
  assert.equal(history.entry(0), null);
  assert.equal(history.entry(300)?.user_id, source.log[299]?.user_id);
});

test("ED-17 loading stops when it is told to", async () => {
  const { source } = randomLog(5, 300);
  const history = await History.open(source, "r", { page: 50 });
  const stop = new AbortController();
  const loading = history.load(300, stop.signal);
  stop.abort();
  await assert.rejects(loading, { name: "AbortError" });
  assert.ok(history.loaded < 300);
  await history.load(300);
  assert.equal(history.loaded, 300);
});

test("ED-18 a history grows with its room", async () => {
  const source = new FakeLog();
  source.add(["a"], "ana");
  const history = await History.open(source, "r");
  source.add([1, "b"], "bo");
  history.extend(2);
  assert.equal(history.latest, 2);
  await history.load();
  assert.equal(history.textAt(2), "ab");
  await assert.rejects(history.load(3), InvalidError);
});

test("ED-18 a failure to read is told as it is, and reading can be tried again", async () => {
  const source = new FakeLog();
  source.failure = new NotFoundError("There is no such room.");
  await assert.rejects(History.open(source, "r"), NotFoundError);
  source.failure = null;
  for (let index = 0; index < 20; index++) source.add(["x"], "ana");
  const history = await History.open(source, "r", { page: 10 });
  source.failure = new NotFoundError("There is no such room.");
  await assert.rejects(history.load(), NotFoundError);
  source.failure = null;
  await history.load();
  assert.equal(history.textAt(20), "x".repeat(20));
});

test("ED-19 edits of one person without a pause are one session", async () => {
  const source = new FakeLog();
  source.add(["a"], "ana", 0);
  source.add([1, "b"], "ana", 30);
  source.add([2, "c"], "bo", 31);
  source.add([3, "d"], "bo", 92);
  source.add([4, "e"], "ana", 93);
  const history = await History.open(source, "r");
  assert.deepEqual(
    history.sessions.map(({ from, to, user_id }) => [from, to, user_id]),
    [
      [1, 2, "ana"],
      [3, 3, "bo"],
      [4, 4, "bo"],
      [5, 5, "ana"],
    ],
  );
});

test("ED-20 what a version changed is known in its own text", async () => {
  const source = new FakeLog();
  source.add(["😀 hello"], "ana");
  source.add([2, "big ", { d: "he" }, 2, { d: "o" }, "😁"], "bo");
  source.add([{ d: "😀" }], "bo");
  const history = await History.open(source, "r");
  assert.equal(history.textAt(2), "😀 big ll😁");
  assert.deepEqual(history.changedAt(2), [
    [2, 6],
    [8, 8],
    [8, 9],
  ]);
  assert.deepEqual(history.changedAt(3), [[0, 0]]);
  assert.deepEqual(history.changedAt(0), []);
});

test("ED-16 a large document is right at versions far apart", async () => {
  const source = new FakeLog();
  let text = `${"All work and no play makes Jack a dull boy. 😀\n".repeat(20_000)}`;
  source.add([text], "ana");
  const random = seeded(9);
  for (let index = 0; index < 80; index++) {
    const op: Operation = [1 + below(random, 800_000), "x"];
    text = applyChecked(text, op)[0];
    source.add(op, PEOPLE[index % 3] ?? "");
  }
  const history = await History.open(source, "r");
  assert.equal(history.textAt(81), text);
  assert.equal(history.textAt(30).length, text.length - 51);
});
