/** What is written of a client leads back to its state, and costs as much as its edits, not as its document. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Operation } from "../src/protocol.ts";
import { ClientState } from "../src/state.ts";
import { Journal, type Plan } from "../src/store/journal.ts";
import { type ClientRow, LAYOUT, type Pieces, unpack } from "../src/store/record.ts";
import { Dice, randomOperation } from "./generate.ts";
import { SimpleRoom } from "./simple-room.ts";

/** What the database does with plans. */
class Disk {
  row: ClientRow | null = null;
  text: unknown = undefined;
  readonly entries = new Map<number, Operation[]>();
  readonly large = new Map<number, Operation>();
  texts = 0;

  carryOut(plan: Plan): void {
    if (plan.clears !== "nothing") this.entries.clear();
    if (plan.clears === "everything") this.large.clear();
    for (const number of plan.forgets) this.large.delete(number);
    if (plan.text !== null) {
      this.text = plan.text;
      this.texts += 1;
    }
    if (plan.entry !== null) this.entries.set(plan.entries, plan.entry);
    for (const [number, op] of plan.large) this.large.set(number, op);
    const owner = { server: "s", userId: "u", roomId: "r" };
    this.row = { id: "c", layout: LAYOUT, keptAt: 0, ...owner, head: plan.head, entries: plan.entries };
  }

  get pieces(): Pieces {
    return { text: this.text, entries: this.entries, large: this.large };
  }
}

/** How much a plan writes, in bytes about. */
function size(plan: Plan): number {
  return JSON.stringify(plan).length;
}

/** A client in a room, so that commits of others come in as well. */
class Client {
  readonly state: ClientState;
  readonly journal = new Journal();
  readonly room: SimpleRoom;
  readonly #link;

  constructor(room: SimpleRoom, clientId = "c") {
    this.room = room;
    this.state = new ClientState("r", { newClientId: () => clientId, window: 3 });
    this.#link = room.connect();
    this.state.connected();
    this.exchange();
  }

  /** Carry messages both ways until there are none, and note what they do to the text. */
  exchange(): void {
    do {
      for (const message of this.#link.down.splice(0)) this.state.receive(message);
      if (this.state.phase === "astray") this.state.join();
      for (const message of this.state.takeOutbox()) this.room.receive(this.#link, message);
    } while (this.#link.down.length > 0);
    this.note();
  }

  note(): void {
    for (const event of this.state.takeEvents()) if (event.type === "text") this.journal.note(event.op);
  }
}

test("WEB-10: text and journal lead to the state at every write, whatever was edited, lost or failed", () => {
  let [writes, texts, large, failures] = [0, 0, 0, 0];
  for (let seed = 0; seed < 30; seed++) {
    const dice = new Dice(seed);
    const room = new SimpleRoom(1000);
    const [client, other] = [new Client(room), new Client(room, "d")];
    const disk = new Disk();
    for (let step = 0; step < 60; step++) {
      const editor = dice.chance(0.7) ? client : other;
      const op = dice.chance(0.1) ? ["long ".repeat(dice.int(50, 4_000))] : randomOperation(dice, editor.state.text);
      editor.state.edit(op);
      editor.note();
      if (dice.chance(0.4)) {
        client.exchange();
        other.exchange();
        client.exchange();
      }
      if (dice.chance(0.05)) room.persist(room.commits.length);
      const saved = client.state.save();
      if (saved === null || dice.chance(0.3)) continue;
      const plan = client.journal.plan(saved);
      if (dice.chance(0.05)) {
        client.journal.lost();
        failures += 1;
        continue;
      }
      disk.carryOut(plan);
      writes += 1;
      assert.ok(disk.row !== null);
      assert.deepEqual(unpack(disk.row, disk.pieces), saved, `seed ${seed}, step ${step}`);
      large = Math.max(large, disk.large.size);
    }
    texts += disk.texts;
  }
  assert.ok(
    writes > 500 && texts > 60 && texts < writes / 2 && large > 5 && failures > 10,
    `${writes} ${texts} ${large} ${failures}`,
  );
});

test("WEB-10: a key in a document of a megabyte writes little, on and off the line", () => {
  const client = new Client(new SimpleRoom(1000));
  client.state.edit(["line of text\n".repeat(80_000)]);
  client.exchange();
  client.room.persist(client.room.commits.length);
  client.exchange();
  const key = (online: boolean) => {
    client.state.edit([500, "k"]);
    client.note();
    if (online) client.exchange();
    const saved = client.state.save();
    assert.ok(saved !== null);
    const plan = client.journal.plan(saved);
    client.room.persist(client.room.commits.length);
    if (online) client.exchange();
    return { bytes: size(plan), hasText: plan.text !== null };
  };
  for (const online of [true, false]) {
    key(online);
    const costs = Array.from({ length: 600 }, () => key(online));
    const few = costs.filter(({ hasText }) => hasText).length;
    assert.ok(few <= 2, `the text was written ${few} times`);
    for (const { bytes, hasText } of costs) if (!hasText) assert.ok(bytes < 8_000, `${bytes} bytes`);
  }
});

test("WEB-10: keys after a large paste off the line do not write it again", () => {
  const client = new Client(new SimpleRoom(1000));
  client.state.edit(["pasted ".repeat(100_000)]);
  client.note();
  const first = client.state.save();
  assert.ok(first !== null);
  assert.ok(size(client.journal.plan(first)) > 1_000_000);
  for (let index = 0; index < 100; index++) {
    client.state.edit(["k"]);
    client.note();
    const saved = client.state.save();
    assert.ok(saved !== null);
    const bytes = size(client.journal.plan(saved));
    assert.ok(bytes < 80_000, `${bytes} bytes`);
  }
});

test("WEB-11: rows that are missing or damaged are refused, not misread", () => {
  const client = new Client(new SimpleRoom(1000));
  const disk = new Disk();
  for (const op of [["a".repeat(1000)], [3, "x"], [5, { d: "a" }]] as Operation[]) {
    client.state.edit(op);
    client.note();
    const saved = client.state.save();
    assert.ok(saved !== null);
    disk.carryOut(client.journal.plan(saved));
  }
  const { row } = disk;
  assert.ok(row !== null && disk.entries.size === 2 && disk.large.size === 1);
  const damaged: Pieces[] = [
    { ...disk.pieces, text: undefined },
    { ...disk.pieces, entries: new Map() },
    { ...disk.pieces, entries: new Map([...disk.entries, [1, [[-3, "x"]]]]) },
    { ...disk.pieces, large: new Map() },
  ];
  for (const pieces of damaged) assert.throws(() => unpack(row, pieces), { name: "RayroomsError" });
});
