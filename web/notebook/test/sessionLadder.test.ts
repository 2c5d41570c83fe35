/** Rules NB-20 to NB-23: the ladder of transports. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type RayroomsError, UnauthenticatedError, UnavailableError } from "../../client/src/errors.ts";
import type { ClientEvent, ServerEvent } from "../../client/src/protocol.ts";
import type { Connection, ConnectionEvents } from "../../client/src/transport/connection.ts";
import {
  DISTRUSTED_FOR,
  DISTRUSTED_OPEN_WITHIN,
  Ladder,
  OPEN_WITHIN,
  type TransportInUse,
} from "../src/session/ladder.ts";
import { Timers } from "./timers.ts";

const WORD: ServerEvent = { event: "connection_response", data: { session_id: "s", protocol: 1 } };
const PONG: ServerEvent = { event: "pong" };
const PING: ClientEvent = { event: "ping" };
const REFUSAL: ServerEvent = { event: "error", data: { code: "bad_token", message: "No." } };
const ALL = ["direct", "proxy", "relay"] as const;

/** A connection of one way, as the far end sees it. */
class Wire implements Connection {
  readonly transport: TransportInUse;
  readonly url: string;
  readonly token: string;
  readonly events: ConnectionEvents;
  readonly sent: ClientEvent[] = [];
  isClosed = false;

  constructor(transport: TransportInUse, url: string, token: string, events: ConnectionEvents) {
    this.transport = transport;
    this.url = url;
    this.token = token;
    this.events = events;
  }

  send(message: ClientEvent): void {
    this.sent.push(message);
  }

  close(): void {
    this.isClosed = true;
  }

  speak(): void {
    this.events.opened();
    this.events.received(WORD);
  }
}

/** What a way does when it is tried. */
type Manner = "opens" | "waits" | "fails" | "throws" | "refuses" | "opens in silence" | "refuses by a message";

/** Ways of which a test says what they do, and what came of a connection. */
class Rig {
  readonly timers = new Timers();
  readonly wires: Wire[] = [];
  readonly told: string[] = [];
  readonly ladder: Ladder;
  manners: Partial<Record<TransportInUse, Manner>>;

  constructor(manners: Partial<Record<TransportInUse, Manner>>) {
    this.manners = manners;
    const rungs = () => {
      const there = ALL.filter((transport) => this.manners[transport] !== undefined);
      return there.map((transport) => ({ transport, url: `at ${transport}`, connect: this.#connectBy(transport) }));
    };
    this.ladder = new Ladder(rungs, this.timers);
  }

  #connectBy(transport: TransportInUse) {
    return (url: string, token: string, events: ConnectionEvents): Connection => {
      const wire = new Wire(transport, url, token, events);
      this.wires.push(wire);
      const manner = this.manners[transport];
      if (manner === "throws") throw new TypeError("an insecure connection from a secure page");
      if (manner === "opens") queueMicrotask(() => wire.speak());
      if (manner === "opens in silence") queueMicrotask(() => events.opened());
      if (manner === "fails") queueMicrotask(() => events.ended(new UnavailableError(`${transport} is shut.`)));
      if (manner === "refuses") queueMicrotask(() => events.ended(new UnauthenticatedError(`${transport} refuses.`)));
      if (manner === "refuses by a message") {
        queueMicrotask(() => {
          events.opened();
          events.received(REFUSAL);
        });
      }
      return wire;
    };
  }

  connect(): Connection {
    return this.ladder.connect("http://unused", "token", {
      opened: () => this.told.push("opened"),
      received: (message) => this.told.push(message.event),
      ended: (error: RayroomsError) => this.told.push(`${error.code}: ${error.message}`),
    });
  }

  get tried(): TransportInUse[] {
    return this.wires.map((wire) => wire.transport);
  }

  get last(): Wire {
    const wire = this.wires.at(-1);
    assert.ok(wire !== undefined, "nothing was tried");
    return wire;
  }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const FALLING: Manner[] = ["fails", "throws", "waits", "refuses", "opens in silence", "refuses by a message"];

for (const first of FALLING) {
  for (const second of FALLING) {
    test(`NB-20: the next way is taken when the first ${first} and the second ${second}`, async () => {
      const rig = new Rig({ direct: first, proxy: second, relay: "opens" });
      const connection = rig.connect();
      await settle();
      rig.timers.pass(OPEN_WITHIN);
      await settle();
      rig.timers.pass(OPEN_WITHIN);
      await settle();
      assert.deepEqual(rig.tried, ["direct", "proxy", "relay"]);
      assert.deepEqual(rig.told, ["opened", "connection_response"]);
      assert.equal(rig.ladder.transport.value, "relay");
      assert.deepEqual([rig.last.url, rig.last.token], ["at relay", "token"]);
      connection.send(PING);
      assert.deepEqual(rig.last.sent, [PING]);
      assert.equal(rig.timers.waiting, 0);
    });
  }
}

test("NB-20: a way that opens keeps the others from being tried, and speaks for the connection", async () => {
  const rig = new Rig({ direct: "opens", proxy: "opens", relay: "opens" });
  rig.connect();
  await settle();
  rig.timers.pass(10 * OPEN_WITHIN);
  rig.last.events.received(PONG);
  rig.last.events.ended(new UnavailableError("Cut."));
  assert.deepEqual(rig.tried, ["direct"]);
  assert.deepEqual(rig.told, ["opened", "connection_response", "pong", "room_unavailable: Cut."]);
});

test("NB-20: a way that was given up is closed, and nothing that it says later is heard", async () => {
  const rig = new Rig({ direct: "waits", proxy: "waits", relay: "opens" });
  rig.connect();
  const [direct] = rig.wires;
  rig.timers.pass(OPEN_WITHIN - 1);
  assert.deepEqual(rig.tried, ["direct"]);
  rig.timers.pass(1);
  assert.deepEqual(rig.tried, ["direct", "proxy"]);
  assert.equal(direct?.isClosed, true);
  direct?.speak();
  direct?.events.ended(new UnavailableError("Late."));
  assert.deepEqual(rig.told, []);
  assert.deepEqual(rig.tried, ["direct", "proxy"]);
});

test("NB-20: a connection that is closed tries nothing more and tells nothing", async () => {
  const rig = new Rig({ direct: "waits", relay: "opens" });
  const connection = rig.connect();
  connection.close();
  assert.equal(rig.last.isClosed, true);
  rig.timers.pass(OPEN_WITHIN);
  rig.last.speak();
  rig.last.events.ended(new UnavailableError("Late."));
  await settle();
  assert.deepEqual(rig.tried, ["direct"]);
  assert.deepEqual(rig.told, []);
  assert.equal(rig.timers.waiting, 0);
});

test("NB-20: each connection begins at the best way again, among those that there are then", async () => {
  const rig = new Rig({ direct: "fails", relay: "opens" });
  rig.connect();
  await settle();
  assert.equal(rig.ladder.transport.value, "relay");
  rig.last.events.ended(new UnavailableError("Cut."));
  rig.manners = { direct: "opens" };
  rig.connect();
  await settle();
  assert.deepEqual(rig.tried, ["direct", "relay", "direct"]);
  assert.equal(rig.ladder.transport.value, "direct");
});

test("NB-21: when no way is open the connection ends with why the last one was not", async () => {
  const rig = new Rig({ direct: "fails", proxy: "throws", relay: "fails" });
  rig.connect();
  await settle();
  assert.deepEqual(rig.told, ["room_unavailable: relay is shut."]);
});

for (const refusing of ALL) {
  test(`NB-21: the server's refusal over ${refusing} is what is told, whatever the other ways did`, async () => {
    const rig = new Rig({ direct: "fails", proxy: "fails", relay: "fails", [refusing]: "refuses" });
    rig.connect();
    await settle();
    assert.deepEqual(rig.tried, [...ALL]);
    assert.deepEqual(rig.told, [`bad_token: ${refusing} refuses.`]);
  });
}

test("NB-21: a connection for which every way is closed from the start is refused at once", () => {
  const rig = new Rig({ direct: "throws", proxy: "throws" });
  assert.throws(() => rig.connect(), UnavailableError);
  assert.deepEqual(rig.told, []);
  assert.throws(() => new Rig({}).connect(), UnavailableError);
});

test("NB-22: a way that kept us waiting is given less time for some minutes, until it opens again", async () => {
  const rig = new Rig({ direct: "waits", relay: "opens" });
  const again = async (milliseconds: number): Promise<TransportInUse[]> => {
    rig.wires.length = 0;
    const connection = rig.connect();
    rig.timers.pass(milliseconds);
    const { tried } = rig;
    await settle();
    connection.close();
    return tried;
  };
  assert.deepEqual(await again(OPEN_WITHIN), ["direct", "relay"]);
  assert.deepEqual(await again(DISTRUSTED_OPEN_WITHIN - 1), ["direct"]);
  assert.deepEqual(await again(DISTRUSTED_OPEN_WITHIN), ["direct", "relay"]);
  rig.timers.pass(DISTRUSTED_FOR);
  assert.deepEqual(await again(OPEN_WITHIN - 1), ["direct"]);
  assert.deepEqual(await again(OPEN_WITHIN), ["direct", "relay"]);
  rig.manners.direct = "opens";
  const connection = rig.connect();
  await settle();
  connection.close();
  rig.manners.direct = "waits";
  assert.deepEqual(await again(OPEN_WITHIN - 1), ["direct"]);
});

test("NB-22: a way that fails at once is not distrusted, and the last way is not hurried", async () => {
  const rig = new Rig({ direct: "fails", relay: "waits" });
  rig.connect();
  await settle();
  rig.timers.pass(10 * OPEN_WITHIN);
  assert.deepEqual(rig.told, []);
  rig.last.speak();
  assert.equal(rig.ladder.transport.value, "relay");
  rig.manners.direct = "waits";
  rig.connect();
  rig.timers.pass(OPEN_WITHIN - 1);
  assert.equal(rig.last.transport, "direct");
});

test("NB-23: the transport in use is that of the oldest connection that is open, and none without one", async () => {
  const rig = new Rig({ relay: "opens" });
  assert.equal(rig.ladder.transport.value, null);
  const first = rig.connect();
  assert.equal(rig.ladder.transport.value, null);
  await settle();
  rig.manners = { direct: "opens", relay: "opens" };
  rig.connect();
  await settle();
  assert.equal(rig.ladder.transport.value, "relay");
  first.close();
  first.close();
  assert.equal(rig.ladder.transport.value, "direct");
  rig.last.events.ended(new UnavailableError("Cut."));
  assert.equal(rig.ladder.transport.value, null);
});
