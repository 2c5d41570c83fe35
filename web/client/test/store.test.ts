/** Unsaved edits outlive their tab: kept while they are not durable, and delivered once by whoever comes next. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Room, type RoomOptions } from "../src/room.ts";
import { openEditStore } from "../src/store/edit-store.ts";
import type { Timing } from "../src/timing.ts";
import { FakeServer, ROOM } from "./fake-server.ts";
import { Dice } from "./generate.ts";
import { Browser, type Tab } from "./tabs.ts";
import { turn, until } from "./waiting.ts";

const QUICK: Partial<Timing> = { retryFirst: 5, retryMost: 20, tick: 5, closeTimeout: 200 };

const opened: Room[] = [];

afterEach(async () => {
  for (const room of opened.splice(0)) await room.close({ wait: false }).catch(() => {});
});

function openRoom(server: FakeServer, { store }: Tab, options: Partial<RoomOptions> = {}): Room {
  const place = { url: server.url, roomId: ROOM, token: () => "t", userId: "ada", store, timing: QUICK };
  const room = Room.open({ ...place, ...options });
  opened.push(room);
  return room;
}

/** Type something in a tab that has no connection, and let the tab's process end once it is kept. */
async function typeAndCrash(server: FakeServer, browser: Browser, text: string): Promise<void> {
  const tab = await browser.openTab();
  const room = openRoom(server, tab);
  await room.ready;
  const records = (await browser.rows("clients")).length;
  await server.stop();
  await until(() => room.status === "offline");
  room.insert([...room.text].length, text);
  await until(async () => (await browser.rows("clients")).length > records);
  tab.store.close(); // what is not written by now is not written
  tab.crash();
  await room.close({ wait: false });
  await server.start();
}

test("WEB-12: edits of a tab that ended without a connection are delivered once by the next, in its name", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    const first = await browser.openTab();
    const before = openRoom(server, first);
    await before.ready;
    before.insert(0, "seen ");
    await before.whenSaved();
    await server.stop();
    await until(() => before.status === "offline");
    for (const letter of "typed 😀") before.insert([...before.text].length, letter);
    await before.close({ wait: false });
    assert.equal(server.room.text, "seen ");

    const second = await browser.openTab();
    const after = openRoom(server, second);
    const texts: unknown[] = [];
    after.on("text", ({ op, own }) => texts.push([op, own]));
    await until(() => after.text === "seen typed 😀", "the text is there without a connection");
    assert.deepEqual(texts, [[["seen typed 😀"], false]]);
    assert.equal(after.clientId, before.clientId);
    assert.equal(after.keepsEdits, true);
    assert.equal(after.saved.kind, "offline");
    after.insert(0, "more ");
    await server.start();
    await after.whenSaved();
    assert.equal(server.room.text, "more seen typed 😀");
    assert.equal(after.text, server.room.text);
    await until(async () => (await browser.rows("clients")).length === 0, "nothing is left to deliver");
    await after.close();
    assert.deepEqual(await browser.rows("pieces"), []);
    assert.equal(browser.locks, 0);
  }));

test("WEB-12: an edit that was sent, but whose acknowledgement the tab did not live to see, is not made again", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    const first = await browser.openTab();
    const before = openRoom(server, first);
    await before.ready;
    server.isDurable = false;
    before.insert(0, "x");
    await until(async () => server.room.commits.length === 1 && (await browser.rows("clients")).length === 1);
    first.store.close();
    first.crash();
    await before.close({ wait: false });
    const after = openRoom(server, await browser.openTab());
    await after.ready;
    server.persist();
    await after.whenSaved();
    assert.equal(server.room.text, "x");
    assert.equal(server.room.commits.length, 1);
    await after.close();
  }));

test("WEB-13: several tabs that ended: the next one goes on from one and delivers the others beside it", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    for (const word of ["one", "two", "three"]) await typeAndCrashApart(server, browser, word);
    assert.equal((await browser.rows("clients")).length, 3);
    assert.equal(server.room.text, "");
    const room = openRoom(server, await browser.openTab());
    await until(() => ["one", "two", "three"].every((word) => server.room.text.includes(word)));
    await until(async () => (await browser.rows("clients")).length === 0);
    await room.sync();
    assert.equal(server.room.text.length, "onetwothree".length);
    assert.equal(room.text, server.room.text);
    await until(() => server.connections === 1, "those who delivered are gone");
    await room.close();
  }));

/** As `typeAndCrash`, while a tab that lives would deliver what it finds: the server lets nobody in meanwhile. */
async function typeAndCrashApart(server: FakeServer, browser: Browser, word: string): Promise<void> {
  const holder = await browser.openTab();
  const held = [];
  for (;;) {
    const keeper = await holder.store.adopt({ server: server.url, userId: "ada", roomId: ROOM });
    if (keeper === null) break;
    held.push(keeper);
  }
  await typeAndCrash(server, browser, word);
  holder.crash();
}

test("WEB-13: the record of a tab that lives, and those of another user, room or server, are left alone", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    const living = await browser.openTab();
    const ada = openRoom(server, living);
    await ada.ready;
    await server.stop();
    await until(() => ada.status === "offline");
    ada.insert(0, "ada's");
    await until(async () => (await browser.rows("clients")).length === 1);

    const { store } = await browser.openTab();
    const owner = { server: server.url, userId: "ada", roomId: ROOM };
    assert.equal(await store.adopt(owner), null, "its tab lives");
    living.crash();
    for (const other of [{ userId: "bob" }, { roomId: "another" }, { server: "https://elsewhere" }]) {
      assert.equal(await store.adopt({ ...owner, ...other }), null);
    }
    const keeper = await store.adopt(owner);
    assert.equal(keeper?.found?.text, "ada's");
    await ada.close({ wait: false });
  }));

test("WEB-13: what is typed before the store has answered is kept beside what earlier tabs left", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    await typeAndCrash(server, browser, "old");
    const room = openRoom(server, await browser.openTab());
    room.insert(0, "new");
    await until(() => server.room.text.length === "oldnew".length);
    await until(async () => (await browser.rows("clients")).length === 0);
    await room.sync();
    assert.ok(["oldnew", "newold"].includes(room.text), room.text);
    await room.close();
  }));

test("WEB-13: what is typed before the store has answered is kept, also when the room is closed at once", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    const brief = openRoom(server, await browser.openTab());
    brief.insert(0, "brief");
    await brief.close({ wait: false });
    assert.equal((await browser.rows("clients")).length, 1);
    const room = openRoom(server, await browser.openTab());
    await until(() => server.room.text === "brief");
    await room.close();
  }));

test("WEB-14: what the room refuses of an earlier tab's edits is told", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    await typeAndCrashApart(server, browser, "first");
    await typeAndCrashApart(server, browser, "second");
    server.refused.set("code_change", "document_too_large");
    const room = openRoom(server, await browser.openTab());
    const refused: unknown[] = [];
    room.on("editRefused", ({ op, error }) => refused.push([op[0], error.code]));
    await until(() => refused.length === 2);
    assert.deepEqual(refused.toSorted(), [
      ["first", "document_too_large"],
      ["second", "document_too_large"],
    ]);
    await until(async () => (await browser.rows("clients")).length === 0);
    await room.close();
  }));

test("WEB-14: a room that nobody is let into leaves what was kept for it where it is", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    await typeAndCrash(server, browser, "text");
    server.refused.set("join_room", "forbidden");
    const room = openRoom(server, await browser.openTab());
    await assert.rejects(room.ready, { code: "forbidden" });
    await room.close();
    assert.equal((await browser.rows("clients")).length, 1);
    server.refused.clear();
    const again = openRoom(server, await browser.openTab());
    await until(() => server.room.text === "text");
    await again.close();
  }));

test("WEB-15: a record that cannot be read back is put aside, and stands in nobody's way", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    await typeAndCrash(server, browser, "text");
    const [row] = (await browser.rows("clients")) as { id: string }[];
    assert.ok(row !== undefined);
    await browser.put("pieces", "another text", [row.id, "text", 0]);
    const tab = await browser.openTab();
    const room = openRoom(server, tab);
    await room.ready;
    room.insert(0, "x");
    await room.whenSaved();
    assert.equal(server.room.text, "x");
    await until(async () => (await browser.rows("clients")).length === 0);
    const aside = await tab.store.unreadable({ server: server.url, userId: "ada", roomId: ROOM });
    assert.equal(aside.length, 1);
    assert.deepEqual(aside[0]?.row, row);
    assert.ok(aside[0]?.pieces.some(({ value }) => value === "another text"));
    assert.deepEqual(await tab.store.unreadable({ server: server.url, userId: "bob", roomId: ROOM }), []);
    await room.close();
  }));

test("WEB-15: a record of a later version is left alone", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    await typeAndCrash(server, browser, "text");
    const [row] = (await browser.rows("clients")) as object[];
    await browser.put("clients", { ...row, layout: 99 });
    const room = openRoom(server, await browser.openTab());
    await room.ready;
    await room.close();
    assert.deepEqual(await browser.rows("clients"), [{ ...row, layout: 99 }]);
    assert.deepEqual(await browser.rows("unreadable"), []);
  }));

test("WEB-16: without IndexedDB or Web Locks, and without a store, a room works and says that it keeps nothing", () =>
  FakeServer.run(async (server) => {
    Reflect.deleteProperty(globalThis, "indexedDB");
    assert.equal(await openEditStore(), null);
    const room = Room.open({ url: server.url, roomId: ROOM, token: () => "t", userId: "ada", store: null });
    await room.ready;
    room.insert(0, "x");
    await room.whenSaved();
    assert.equal(room.keepsEdits, false);
    await room.close();
  }));

test("WEB-16: a store that the browser takes away ends the keeping, not the room", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    const tab = await browser.openTab();
    const room = openRoom(server, tab);
    await room.ready;
    assert.equal(room.keepsEdits, true);
    tab.store.close();
    assert.equal(room.keepsEdits, false);
    room.insert(0, "x");
    await room.whenSaved();
    assert.equal(server.room.text, "x");
    await room.close();
  }));

test("WEB-12: pieces that a tab left behind when it had delivered everything are cleared away", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    const tab = await browser.openTab();
    const room = openRoom(server, tab);
    await room.ready;
    room.insert(0, "x");
    await room.whenSaved();
    await until(async () => (await browser.rows("clients")).length === 0);
    assert.equal((await browser.rows("pieces")).length, 1);
    await browser.openTab();
    assert.equal((await browser.rows("pieces")).length, 1, "its tab lives");
    tab.store.close();
    tab.crash();
    await browser.openTab();
    await until(async () => (await browser.rows("pieces")).length === 0);
    await room.close();
  }));

test("WEB-19: however tabs end and connections break, nothing is delivered twice, and nothing kept is lost", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    const dice = new Dice(7);
    const kept: string[] = [];
    let typed = 0;
    let adopted = 0;
    const clients = new Set<string>();
    for (let round = 0; round < 40; round++) {
      const tab = await browser.openTab();
      const room = openRoom(server, tab, { window: dice.int(1, 5) });
      if (dice.chance(0.8)) await room.ready;
      const own: string[] = [];
      for (let step = dice.int(1, 8); step > 0; step--) {
        const letter = String.fromCodePoint(0x4e00 + typed++);
        room.insert(dice.int(0, room.text.length), letter);
        own.push(letter);
        server.isDurable = dice.chance(0.7);
        server.isMute = dice.chance(0.2);
        for (let turns = dice.int(0, 5); turns > 0; turns--) await turn();
        if (server.isMute || dice.chance(0.2)) server.cut();
        server.isMute = false;
        if (dice.chance(0.3)) await room.sync();
        else if (dice.chance(0.5)) await turn();
      }
      if (dice.chance(0.5)) {
        tab.store.close(); // the process is gone: what it has not written is not written
        tab.crash();
      } else {
        kept.push(...own);
      }
      await room.close({ wait: false });
      if (clients.has(room.clientId)) adopted += 1;
      clients.add(room.clientId);
    }
    server.isDurable = true;
    const last = openRoom(server, await browser.openTab());
    await last.ready;
    server.persist();
    await last.whenSaved();
    await until(async () => (await browser.rows("clients")).length === 0);
    const letters = [...server.room.text];
    assert.equal(new Set(letters).size, letters.length, "something was delivered twice");
    assert.deepEqual(
      kept.filter((letter) => !letters.includes(letter)),
      [],
      "something kept was lost",
    );
    const counts = `${letters.length} letters, ${kept.length} kept for sure, ${adopted} records adopted`;
    assert.ok(letters.length > kept.length && kept.length > 50 && adopted > 10, counts);
    await last.close();
  }));
