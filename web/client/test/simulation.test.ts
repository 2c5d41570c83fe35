/** Tabs that are closed and opened again at any moment: what was typed is in the room once, in whatever tab. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SavedState } from "../src/saved-state.ts";
import { ClientState } from "../src/state.ts";
import { apply } from "../src/text/index.ts";
import { Dice, randomOperation } from "./generate.ts";
import { type Connection, SimpleRoom } from "./simple-room.ts";

const SEEDS = 500;

interface Record {
  readonly saved: string | null;
  readonly waiting: number;
  readonly lastSeq: number;
  readonly entries: number;
  readonly tokens: number;
}

/** A tab with its record on disk, to which its client may be some keystrokes ahead. */
class Tab {
  readonly number: number;
  readonly room: SimpleRoom;
  readonly dice: Dice;
  /** The characters that were typed here, each found nowhere else. */
  typed: string[] = [];
  deleted = new Set<string>();
  /** What was typed after the last writing of a record from which a tab was then opened. */
  forgotten = new Set<string>();
  state: ClientState;
  reopened = 0;
  /** How probably its record is written at a step that does not call for it. */
  readonly #diligence: number;
  #connection: Connection | null = null;
  #record: Record | null = null;
  #editor = "";
  #ids = 0;

  constructor(number: number, room: SimpleRoom, dice: Dice) {
    this.number = number;
    this.room = room;
    this.dice = dice;
    this.#diligence = dice.pick([0.1, 0.5, 1]);
    this.state = new ClientState("r", this.#options());
  }

  #options() {
    return { newClientId: () => `client-${this.number}-${++this.#ids}`, window: this.number + 1 };
  }

  type(): void {
    const op = randomOperation(this.dice, this.state.text, () => this.#token());
    const before = [...this.state.text];
    this.state.edit(op);
    const after = new Set(this.state.text);
    for (const gone of before.filter((char) => !after.has(char))) {
      this.deleted.add(gone);
    }
    this.drain();
  }

  #token(): string {
    const index = this.typed.length;
    const char = String.fromCodePoint((index % 2 ? 0x4e00 : 0x20000) + this.number * 1000 + index);
    this.typed.push(char);
    return char;
  }

  /** Write out what is to be sent, follow what is told, and keep the record as new as it has to be. */
  drain(): void {
    for (const event of this.state.takeEvents()) {
      if (event.type === "text") {
        this.#editor = apply(this.#editor, event.op);
      }
    }
    assert.equal(this.#editor, this.state.text, "an editor that follows the events shows another text");
    if (this.#isRecordAHazard() || this.dice.chance(this.#diligence)) {
      this.write();
    }
    const sent = this.state.takeOutbox();
    this.#connection?.up.push(...sent.map((message) => structuredClone(message)));
  }

  /** Whether edits that the record holds may get numbers that it does not know: see `ClientState.save`. */
  #isRecordAHazard(): boolean {
    const record = this.#record;
    const isNumberedAnew = record !== null && record.entries !== this.state.entries;
    return isNumberedAnew || (record !== null && record.waiting > 0 && record.lastSeq !== this.state.replica.lastSeq);
  }

  write(): void {
    const saved = this.state.save();
    const { unsent, lastSeq } = this.state.replica;
    this.#record = {
      saved: saved && JSON.stringify(saved),
      waiting: unsent.length,
      lastSeq,
      entries: this.state.entries,
      tokens: this.typed.length,
    };
  }

  /** The tab is gone; another goes on from its record, or anew when there is none. */
  reopen(): void {
    const record = this.#record;
    for (const token of this.typed.slice(record?.tokens ?? 0)) {
      this.forgotten.add(token);
    }
    this.hangUp();
    this.state =
      record?.saved != null
        ? ClientState.restore(JSON.parse(record.saved) as SavedState, this.#options())
        : new ClientState("r", this.#options());
    this.#editor = this.state.text;
    this.reopened++;
    this.write();
  }

  /** Connect, or join, whichever is due. */
  goOn(): void {
    if (this.state.phase === "offline") {
      this.#connection = this.room.connect();
      this.state.connected();
    } else if (this.state.phase === "astray") {
      this.state.join();
    }
    this.drain();
  }

  /** The connection breaks. What went up may still arrive, from the connection that the room has not given up. */
  hangUp(): void {
    const connection = this.#connection;
    if (connection !== null) {
      if (this.dice.chance(0.5)) {
        this.carryUp(this.dice.int(0, connection.up.length));
      }
      this.room.disconnect(connection);
      this.#connection = null;
    }
    this.state.disconnected();
  }

  get isCutOff(): boolean {
    return this.#connection !== null && !this.room.isConnected(this.#connection);
  }

  get isIdle(): boolean {
    return this.#connection !== null && this.#connection.up.length === 0 && this.#connection.down.length === 0;
  }

  /** Bring messages to the room, some of them twice. */
  carryUp(most: number): void {
    const connection = this.#connection;
    if (connection === null) {
      return;
    }
    for (const message of connection.up.splice(0, most)) {
      this.room.receive(connection, message);
      if (message.event === "code_change" && this.dice.chance(0.05)) {
        this.room.receive(connection, message);
      }
    }
  }

  carryDown(most: number): void {
    for (const message of this.#connection?.down.splice(0, most) ?? []) {
      this.state.receive(structuredClone(message));
      this.drain();
    }
  }
}

class World {
  readonly dice: Dice;
  readonly room: SimpleRoom;
  readonly tabs: Tab[];
  readonly #loses: boolean;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.room = new SimpleRoom(this.dice.pick([3, 10, 1000]));
    this.tabs = [0, 1, 2].map((number) => new Tab(number, this.room, this.dice));
    this.#loses = this.dice.chance(0.7);
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#step(this.dice.pick(this.tabs));
    }
    this.#heal();
    this.#check();
  }

  #step(tab: Tab): void {
    const { dice, room } = this;
    const what = dice.next();
    if (what < 0.28) {
      tab.type();
    } else if (what < 0.5) {
      tab.carryUp(dice.int(1, 8));
    } else if (what < 0.7) {
      tab.carryDown(dice.int(1, 8));
    } else if (what < 0.92) {
      tab.goOn();
      if (dice.chance(0.5)) {
        tab.carryUp(1);
        tab.carryDown(1);
      }
    } else if (what < 0.93) {
      room.persist(dice.int(0, room.commits.length));
    } else if (what < 0.94 || tab.isCutOff) {
      tab.hangUp();
    } else if (what < 0.98) {
      tab.reopen();
    } else {
      if (!this.#loses) {
        room.persist(room.commits.length);
      }
      room.restart();
    }
  }

  /** Everything works; go on until nothing is under way. */
  #heal(): void {
    for (let round = 0; round < 200; round++) {
      for (const tab of this.tabs) {
        if (tab.isCutOff) {
          tab.hangUp();
        }
        tab.goOn();
        tab.carryUp(Number.POSITIVE_INFINITY);
        tab.carryDown(Number.POSITIVE_INFINITY);
      }
      this.room.persist(this.room.commits.length);
      if (this.tabs.every((tab) => tab.isIdle && tab.state.replica.isDurable && tab.state.phase === "joined")) {
        return;
      }
    }
    assert.fail("it does not settle");
  }

  #check(): void {
    const { room } = this;
    const present = [...room.text];
    const seqs = new Map<string, number>();
    for (const { clientId, seq } of room.commits) {
      assert.equal(seq, (seqs.get(clientId) ?? 0) + 1, "an edit is out of order or doubled");
      seqs.set(clientId, seq);
    }
    const deleted = new Set(this.tabs.flatMap((tab) => [...tab.deleted]));
    for (const tab of this.tabs) {
      assert.equal(tab.state.text, room.text, "the tabs show other texts than the room has");
      assert.equal(tab.state.save(), null);
      for (const token of tab.typed) {
        const count = present.filter((char) => char === token).length;
        assert.ok(count <= 1, `${token} of tab ${tab.number} is there ${count} times`);
        if (!deleted.has(token) && !tab.forgotten.has(token)) {
          assert.equal(count, 1, `${token} of tab ${tab.number} is lost`);
        }
      }
    }
  }
}

test("CL-51, G2, G4: tabs that go on from what others kept lose nothing, double nothing and converge", () => {
  const totals = { reopened: 0, repeats: 0, resets: 0, lost: 0, tokens: 0, forgotten: 0 };
  for (let seed = 0; seed < SEEDS; seed++) {
    const world = new World(seed);
    try {
      world.run(400);
    } catch (error) {
      assert.fail(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    }
    totals.repeats += world.room.repeats;
    totals.resets += world.room.resets;
    totals.lost += world.room.lostCommits;
    for (const tab of world.tabs) {
      totals.reopened += tab.reopened;
      totals.tokens += tab.typed.length;
      totals.forgotten += tab.forgotten.size;
    }
  }
  // The simulation did work: all of it happened often.
  assert.ok(totals.reopened > 1000, JSON.stringify(totals));
  assert.ok(totals.repeats > 100, JSON.stringify(totals));
  assert.ok(totals.resets > 300, JSON.stringify(totals));
  assert.ok(totals.lost > 400, JSON.stringify(totals));
  assert.ok(totals.tokens > 15_000, JSON.stringify(totals));
  assert.ok(totals.forgotten > 100, JSON.stringify(totals));
  assert.ok(totals.forgotten * 10 < totals.tokens, JSON.stringify(totals));
});
