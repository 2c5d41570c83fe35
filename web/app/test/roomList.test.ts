/** Rules APP-14 and APP-15: the list of rooms. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ListedPage, RoomList, type RoomQuery } from "../src/roomList.ts";

interface Room {
  room_id: string;
}

interface Asked {
  query: RoomQuery;
  offset: number;
  answer: (ids: string, next?: number) => void;
  fail: (error: unknown) => void;
}

/** A list whose server answers when the test says so. */
function listed(): { list: RoomList<Room>; asked: Asked[]; ids: () => string } {
  const asked: Asked[] = [];
  const list = new RoomList<Room>((query, offset) => {
    return new Promise<ListedPage<Room>>((resolve, reject) => {
      const answer: Asked["answer"] = (ids, next) =>
        resolve({ items: [...ids].map((room_id) => ({ room_id })), next: next ?? null });
      asked.push({ query, offset, answer, fail: reject });
    });
  });
  return { list, asked, ids: () => list.items.value.map((room) => room.room_id).join("") };
}

function last(asked: Asked[]): Asked {
  const newest = asked.at(-1);
  assert.ok(newest, "nothing was asked");
  return newest;
}

const MINE: RoomQuery = { scope: "mine", search: "" };

test("APP-14 pages follow one another; a room that a new one pushed to the next page is listed once", async () => {
  const { list, asked, ids } = listed();
  const first = list.show(MINE);
  last(asked).answer("abc", 3);
  await first;
  assert.equal(list.hasMore.value, true);
  const second = list.more();
  assert.equal(list.phase.value, "more");
  assert.equal(last(asked).offset, 3);
  last(asked).answer("cde");
  await second;
  assert.equal(ids(), "abcde");
  assert.equal(list.hasMore.value, false);
  await list.more();
  assert.equal(asked.length, 2);
});

test("APP-14 after a room is gone the next page starts one earlier", async () => {
  const { list, asked, ids } = listed();
  const first = list.show(MINE);
  last(asked).answer("abc", 3);
  await first;
  list.remove("b");
  list.remove("not there");
  assert.equal(ids(), "ac");
  void list.more();
  assert.equal(last(asked).offset, 2);
});

test("APP-15 an answer to an earlier query never shows", async () => {
  const { list, asked, ids } = listed();
  const early = list.show({ scope: "mine", search: "a" });
  const late = list.show({ scope: "mine", search: "ab" });
  asked[1]?.answer("y");
  await late;
  asked[0]?.answer("x");
  await early;
  assert.equal(ids(), "y");
  assert.equal(list.answered.value?.search, "ab");
  assert.equal(list.phase.value, "ready");
});

test("APP-15 a failure keeps what was listed and tells why; trying again mends it", async () => {
  const { list, asked, ids } = listed();
  const first = list.show(MINE);
  last(asked).answer("ab");
  await first;
  const second = list.reload();
  const error = new Error("away");
  last(asked).fail(error);
  await second;
  assert.equal(list.phase.value, "failed");
  assert.equal(list.error.value, error);
  assert.equal(ids(), "ab");
  const third = list.reload();
  last(asked).answer("abc");
  await third;
  assert.equal(ids(), "abc");
  assert.equal(list.phase.value, "ready");
});
