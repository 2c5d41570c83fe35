/** One client's record: when it is written, when it is gone, and what waits for it. Writes end when the test says so. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Room } from "../src/room.ts";
import { ClientState } from "../src/state.ts";
import { Keeper, type Records } from "../src/store/keeper.ts";
import { FakeServer, ROOM } from "./fake-server.ts";
import { SimpleRoom } from "./simple-room.ts";
import { Browser } from "./tabs.ts";
import { turn, until } from "./waiting.ts";

const HOUR = 3_600_000;

class SlowRecords implements Records {
  readonly writes: { waiting: number; hasText: boolean; finish: () => void; fail: () => void }[] = [];
  settled = 0;
  removed = 0;

  write(...[, , plan]: Parameters<Records["write"]>): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error("The disk is full."));
      this.writes.push({ waiting: plan.head.unsent.length, hasText: plan.text !== null, finish: resolve, fail });
    });
  }

  async settle(): Promise<void> {
    this.settled += 1;
  }

  async remove(): Promise<void> {
    this.removed += 1;
  }
}

const OWNER = { server: "s", userId: "u", roomId: ROOM };

function keeping(records: Records): { state: ClientState; keeper: Keeper; step: () => void } {
  const state = new ClientState(ROOM, { newClientId: () => "c" });
  const keeper = new Keeper(records, OWNER, "k", () => {}, null);
  keeper.watch(state);
  return { state, keeper, step: () => keeper.step(state.takeEvents()) };
}

test("WEB-17: a write begins in the turn of its edit; those made while it is under way go into the next together", async () => {
  const records = new SlowRecords();
  const { state, step } = keeping(records);
  for (let index = 0; index < 50; index++) {
    state.edit(["x"]);
    step();
    assert.equal(records.writes.length, 1);
  }
  records.writes[0]?.finish();
  await turn();
  assert.equal(records.writes.length, 2);
  records.writes[1]?.finish();
  await turn();
  assert.equal(records.writes.length, 2);
});

test("WEB-17: a page that is about to end writes at once, also while another write is under way", async () => {
  const records = new SlowRecords();
  const { state, keeper, step } = keeping(records);
  state.edit(["x"]);
  step();
  state.edit(["y"]);
  step();
  assert.equal(records.writes.length, 1);
  keeper.flush();
  keeper.flush();
  assert.equal(records.writes.length, 2);
});

test("WEB-12: the text lies on for writers who go on soon, and is gone when they stop or leave", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const leaves of [false, true]) {
    const records = new SlowRecords();
    const { state, keeper, step } = keeping(records);
    const room = new SimpleRoom(100);
    const link = room.connect();
    const exchange = () => {
      for (const message of link.down.splice(0)) state.receive(message);
      if (state.phase === "astray") state.join();
      for (const message of state.takeOutbox()) room.receive(link, message);
      room.persist(room.commits.length);
      step();
    };
    const write = async () => {
      state.edit(["x"]);
      step();
      await turn();
      while (!state.replica.isDurable) exchange();
      records.writes.at(-1)?.finish();
      await turn();
    };
    state.connected();
    await write();
    t.mock.timers.tick(1000);
    await write();
    t.mock.timers.tick(1000);
    await turn();
    assert.equal(records.settled, 2);
    assert.equal(records.removed, 0);
    assert.deepEqual(
      records.writes.map(({ hasText }) => hasText),
      [true, false],
    );
    if (leaves) keeper.flush();
    else t.mock.timers.tick(HOUR);
    assert.equal(records.removed, 1);
    await write();
    assert.equal(records.writes.at(-1)?.hasText, true);
  }
});

test("WEB-18: no edit that a record holds without its number is sent before the record has it", () =>
  FakeServer.run(async (server) => {
    const browser = new Browser();
    const { store } = await browser.openTab();
    const records = new SlowRecords();
    store.begin = async (owner) => new Keeper(records, owner, "k", () => {}, null);
    await server.stop();
    const timing = { retryFirst: 5, retryMost: 20, tick: 5, unackedAfter: HOUR };
    const room = Room.open({ url: server.url, roomId: ROOM, token: () => "t", userId: "ada", store, timing });
    await until(() => room.keepsEdits);
    room.insert(0, "x");
    await until(() => records.writes.length === 1);
    assert.equal(records.writes[0]?.waiting, 1);
    await server.start();
    await room.ready;
    room.insert(1, "y");
    await turn();
    assert.equal(server.count("code_change"), 0);
    records.writes[0]?.finish();
    await until(() => records.writes.length === 2);
    assert.equal(records.writes[1]?.waiting, 0);
    await turn();
    assert.equal(server.count("code_change"), 0);
    records.writes[1]?.finish();
    await until(() => server.room.text === "xy");
    await until(() => records.settled === 1);
    const sent = server.count("code_change");
    room.insert(2, "z");
    await until(() => server.count("code_change") > sent, "an edit made while online waits for no record");
    records.writes[2]?.finish();
    await room.close();
  }));

test("WEB-18: a write that fails, or never ends, holds nothing back", (t) =>
  FakeServer.run(async (server) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const records = new SlowRecords();
    const { state, keeper, step } = keeping(records);
    state.edit(["x"]);
    step();
    const link = server.room.connect();
    state.connected();
    for (const message of link.down.splice(0)) state.receive(message);
    state.join();
    for (const message of state.takeOutbox()) server.room.receive(link, message);
    for (const message of link.down.splice(0)) state.receive(message);
    step();
    const gate = keeper.gate();
    assert.ok(gate !== null);
    t.mock.timers.tick(HOUR);
    await gate;
    assert.equal(keeper.gate(), null);
    assert.equal(keeper.isWorking, false);
    records.writes[0]?.fail();
    await turn();
    assert.equal(keeper.gate(), null);
    state.edit(["y"]);
    step();
    assert.equal(records.writes.length, 2, "the next edit tries again");
    records.writes[1]?.finish();
    await turn();
    assert.equal(keeper.isWorking, true);
  }));
