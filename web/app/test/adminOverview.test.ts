/** Rules APP-49 and APP-50: looking at the server again and again, and the pages of its rooms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdminRoomPage, AdminRoomQuery, ClusterStatus } from "../src/admin/bodies.ts";
import { EVERY_MS, Overview } from "../src/admin/overview.ts";
import { roomOf, statusOf } from "./adminBodies.ts";

const REFUSAL = new Error("refused");

interface Look {
  query: AdminRoomQuery;
  answer: (sockets: number, ids?: string, next?: string) => Promise<void>;
  fail: (error: Error) => Promise<void>;
  failRooms: (error: Error) => Promise<void>;
}

/** An overview whose server answers, and whose time passes, when the test says so. */
function looking() {
  const looks: Look[] = [];
  const timers: { ms: number; run: () => void }[] = [];
  let pendingStatus: Deferred<ClusterStatus> | null = null;
  const overview = new Overview({
    status: () => {
      pendingStatus = deferred<ClusterStatus>();
      return pendingStatus.promise;
    },
    rooms: (query) => {
      const status = pendingStatus;
      const rooms = deferred<AdminRoomPage>();
      assert.ok(status);
      looks.push({
        query,
        answer: (sockets, ids = "", next) => {
          status.resolve(statusOf({ sockets }));
          const items = [...ids].map((room_id) => roomOf({ room_id }));
          rooms.resolve({ items, limit: 50, next: next ?? null });
          return settled();
        },
        fail: (error) => {
          status.reject(error);
          rooms.reject(error);
          return settled();
        },
        failRooms: (error) => {
          status.resolve(statusOf());
          rooms.reject(error);
          return settled();
        },
      });
      return rooms.promise;
    },
    after: (ms, run) => {
      const timer = { ms, run };
      timers.push(timer);
      return () => {
        if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
      };
    },
    now: () => 1_000,
    isRefusal: (error) => error === REFUSAL,
  });
  return {
    overview,
    looks,
    timers,
    last: (): Look => {
      const newest = looks.at(-1);
      assert.ok(newest, "nobody looked");
      return newest;
    },
    /** Two seconds pass. */
    tick: (): void => {
      const timer = timers.shift();
      assert.ok(timer, "nothing waits");
      timer.run();
    },
    ids: () => overview.seen.value?.rooms?.items.map((room) => room.room_id).join("") ?? null,
  };
}

interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  assert.ok(settle);
  return { promise, ...settle };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("APP-49 it looks at once, and again two seconds after each answer, one look at a time", async () => {
  const { overview, looks, timers, last, tick } = looking();
  overview.start();
  overview.start();
  assert.deepEqual([looks.length, timers.length], [1, 0]);
  await last().answer(3, "a");
  assert.equal(overview.seen.value?.status.sockets, 3);
  assert.deepEqual(
    timers.map((timer) => timer.ms),
    [EVERY_MS],
  );
  assert.equal(EVERY_MS, 2_000);
  tick();
  assert.deepEqual([looks.length, timers.length], [2, 0]);
  await last().answer(4, "a");
  assert.equal(overview.seen.value?.status.sockets, 4);
});

test("APP-49 out of sight it does not look, and shows no answer that comes late", async () => {
  const { overview, looks, timers, last } = looking();
  overview.start();
  await last().answer(3);
  overview.stop();
  assert.equal(timers.length, 0);
  overview.start();
  overview.stop();
  await last().answer(9);
  assert.deepEqual([looks.length, timers.length, overview.seen.value?.status.sockets], [2, 0, 3]);
  overview.again();
  assert.equal(looks.length, 2);
  overview.start();
  assert.equal(looks.length, 3);
});

test("APP-49 a failure keeps what was seen, tells why, and the next look mends it", async () => {
  const { overview, last, tick } = looking();
  overview.start();
  await last().answer(3, "a");
  tick();
  const away = new Error("away");
  await last().fail(away);
  assert.equal(overview.error.value, away);
  assert.equal(overview.seen.value?.status.sockets, 3);
  tick();
  await last().answer(5, "a");
  assert.equal(overview.error.value, null);
  assert.equal(overview.seen.value?.status.sockets, 5);
});

test("APP-49 rooms that cannot be told hide nothing of the rest", async () => {
  const { overview, last } = looking();
  overview.start();
  const away = new Error("away");
  await last().failRooms(away);
  assert.deepEqual(
    [overview.seen.value?.status.sockets, overview.seen.value?.rooms, overview.seen.value?.trouble],
    [3, null, away],
  );
  assert.equal(overview.error.value, null);
});

test("APP-49 whoever is refused keeps nothing on the page and asks no more", async () => {
  const { overview, looks, timers, last, tick } = looking();
  overview.start();
  await last().answer(3, "a");
  tick();
  await last().fail(REFUSAL);
  assert.deepEqual([overview.refused.value, overview.seen.value, timers.length], [true, null, 0]);
  overview.start();
  overview.again();
  assert.equal(looks.length, 2);
});

test("APP-50 pages follow one another and back again; each look is at the present one", async () => {
  const { overview, looks, last, tick, ids } = looking();
  overview.start();
  assert.deepEqual(last().query, { awake: true, after: "" });
  await last().answer(3, "ab", "b");
  overview.nextPage();
  assert.deepEqual([overview.turning.value, overview.pageNumber.value], [true, 2]);
  assert.deepEqual(last().query, { awake: true, after: "b" });
  overview.nextPage();
  assert.equal(looks.length, 2);
  await last().answer(3, "cd", "d");
  assert.deepEqual([ids(), overview.turning.value], ["cd", false]);
  tick();
  assert.deepEqual(last().query, { awake: true, after: "b" });
  await last().answer(3, "cd", "d");
  overview.nextPage();
  await last().answer(3, "e");
  overview.nextPage();
  assert.equal(overview.pageNumber.value, 3);
  overview.previousPage();
  overview.previousPage();
  overview.previousPage();
  assert.deepEqual([last().query.after, overview.pageNumber.value], ["", 1]);
});

test("APP-50 the other list begins at its first page, and an answer to the one before never shows", async () => {
  const { overview, looks, last, ids } = looking();
  overview.start();
  await last().answer(3, "ab", "b");
  overview.nextPage();
  const late = last();
  overview.show(false);
  assert.deepEqual(last().query, { awake: false, after: "" });
  assert.equal(looks.length, 3);
  await last().answer(3, "xyz");
  await late.answer(3, "cd");
  assert.deepEqual([ids(), overview.pageNumber.value], ["xyz", 1]);
});
