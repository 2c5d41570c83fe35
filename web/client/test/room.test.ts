/** A room over real sockets: it stays connected, whatever the server does, and answers what it is asked. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  InvalidError,
  RayroomsError,
  UnauthenticatedError,
  UnavailableError,
  UpgradeRequiredError,
} from "../src/errors.ts";
import { Room, type RoomOptions } from "../src/room.ts";
import type { Timing } from "../src/timing.ts";
import { FakeServer, ROOM } from "./fake-server.ts";
import { until } from "./waiting.ts";

const HOUR = 3_600_000;
const QUICK: Partial<Timing> = { retryFirst: 5, retryMost: 20, tick: 5, closeTimeout: 200 };
/** Gives nothing up and tries nothing again by itself. */
const PATIENT: Partial<Timing> = { ...QUICK, retryFirst: HOUR, retryMost: HOUR };

async function inside(
  server: FakeServer,
  options: Partial<RoomOptions>,
  use: (room: Room) => Promise<void>,
): Promise<void> {
  const room = Room.open({ url: server.url, roomId: ROOM, token: () => "t", timing: QUICK, ...options });
  try {
    await use(room);
  } finally {
    await room.close({ wait: false });
  }
}

function isError(kind: typeof RayroomsError, code: string): (error: unknown) => boolean {
  return (error) => error instanceof kind && error.code === code;
}

for (const transport of ["json", "msgpack"] as const) {
  test(`CL-20: two writers converge and all becomes durable (${transport})`, () =>
    FakeServer.run((server) =>
      inside(server, { transport }, (ada) =>
        inside(server, { transport }, async (bob) => {
          await Promise.all([ada.ready, bob.ready]);
          for (let turn = 0; turn < 20; turn++) {
            ada.insert(0, `a${turn}😀`);
            bob.insert(0, `b${turn}é`);
          }
          await Promise.all([ada.whenSaved(), bob.whenSaved()]);
          await Promise.all([ada.sync(), bob.sync()]);
          assert.equal(ada.text, server.room.text);
          assert.equal(bob.text, server.room.text);
          const words = server.room.text.match(/a\d+😀|b\d+é/gu)?.toSorted();
          const wanted = Array.from({ length: 20 }, (_, turn) => [`a${turn}😀`, `b${turn}é`]).flat();
          assert.deepEqual(words, wanted.toSorted());
          assert.equal(server.room.commits.length, 40);
          assert.deepEqual(ada.saved, { kind: "saved", unsent: 0 });
        }),
      ),
    ));
}

test("CL-21: edits made without a connection are sent later and committed once", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      await server.stop();
      await until(() => room.status === "offline");
      room.insert(0, "one ");
      room.insert(4, "two");
      assert.deepEqual(room.saved, { kind: "offline", unsent: 1 });
      await server.start();
      await room.whenSaved();
      assert.equal(server.room.text, "one two");
    }),
  ));

test("CL-21: an edit whose acknowledgement was lost with the connection is committed once", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      server.ignored.add("code_change");
      room.insert(0, "x");
      await until(() => server.count("code_change") === 1);
      server.ignored.clear();
      server.cut();
      await room.whenSaved();
      assert.equal(server.room.text, "x");
    }),
  ));

test("CL-22: each connection asks for a token anew", () =>
  FakeServer.run(async (server) => {
    let asked = 0;
    await inside(server, { token: () => Promise.resolve(`t${++asked}`) }, async (room) => {
      await room.ready;
      server.cut();
      await until(() => server.tokens.length === 2 && room.status === "online");
      assert.deepEqual(server.tokens, ["t1", "t2"]);
    });
  }));

test("WEB-1: a token that is refused, or cannot be had, is asked for again; five refused in a row close the room", () =>
  FakeServer.run(async (server) => {
    let asked = 0;
    const token = () => {
      asked += 1;
      if (asked === 2) throw new TypeError("the identity provider is away");
      return `t${asked}`;
    };
    server.badTokens.add("t1").add("t3");
    await inside(server, { token }, async (room) => {
      await room.ready;
      assert.deepEqual(server.tokens, ["t1", "t3", "t4"]);
    });
    server.tokens.length = 0;
    server.badTokens.add("bad");
    await inside(server, { token: () => "bad" }, async (room) => {
      await assert.rejects(room.ready, isError(UnauthenticatedError, "bad_token"));
      assert.equal(server.tokens.length, 5);
      assert.equal(room.status, "closed");
    });
  }));

test("WEB-1: a token that no server could take counts as refused", () =>
  FakeServer.run((server) =>
    inside(server, { token: () => "two words" }, async (room) => {
      await assert.rejects(room.ready, isError(UnauthenticatedError, "bad_token"));
    }),
  ));

test("CL-23: a server that falls silent, does not answer a join or does not acknowledge is reconnected to", () =>
  FakeServer.run(async (server) => {
    server.ignored.add("ping");
    await inside(server, { timing: { ...QUICK, pingEvery: 10, deadAfter: 30 } }, async (room) => {
      await room.ready;
      await until(() => server.tokens.length > 1);
    });
    server.ignored.clear();
    server.ignored.add("join_room");
    await inside(server, { timing: { ...QUICK, joinTimeout: 20 } }, async (room) => {
      await until(() => server.count("join_room") > 4);
      server.ignored.clear();
      await room.ready;
    });
    server.ignored.add("code_change");
    await inside(server, { timing: { ...QUICK, unackedAfter: 20 } }, async (room) => {
      await room.ready;
      const before = server.tokens.length;
      room.insert(0, "x");
      await until(() => server.tokens.length > before);
      server.ignored.clear();
      await room.whenSaved();
      assert.equal(server.room.text, "x");
    });
  }));

test("CL-23: a server that takes the connection and then says nothing is given up", () =>
  FakeServer.run(async (server) => {
    const { createServer } = await import("node:net");
    let connections = 0;
    const mute = createServer(() => {
      connections += 1;
    }).listen(0, "127.0.0.1");
    await until(() => mute.listening);
    const address = mute.address();
    assert.ok(address !== null && typeof address === "object");
    const url = `http://127.0.0.1:${address.port}`;
    await inside(server, { url, timing: { ...QUICK, connectTimeout: 20 } }, () => until(() => connections > 2));
    mute.close();
  }));

test("CL-24: a quiet client pings", () =>
  FakeServer.run((server) =>
    inside(server, { timing: { ...QUICK, pingEvery: 10 } }, async (room) => {
      await room.ready;
      await until(() => server.count("ping") > 3);
      assert.equal(server.tokens.length, 1);
    }),
  ));

test("CL-25: going_away without a room reconnects, with a room it does not", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      server.say({ event: "going_away", data: { reason: "moving", room_id: ROOM } });
      await room.sync();
      assert.equal(server.tokens.length, 1);
      server.say({ event: "going_away", data: { reason: "deploy" } });
      await until(() => server.tokens.length === 2 && room.status === "online");
    }),
  ));

test("WEB-2: whatever code the server closes with, the client comes back; with 4401, by a fresh token", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      const errors: (string | undefined)[] = [];
      room.on("status", ({ status, error }) => status === "offline" && errors.push(error?.code));
      await room.ready;
      for (const code of [1012, 1013, 1000, 4401]) {
        const before = server.tokens.length;
        server.cut(code);
        await until(() => server.tokens.length === before + 1 && room.status === "online");
      }
      assert.deepEqual(errors, ["room_unavailable", "room_unavailable", "room_unavailable", "bad_token"]);
    }),
  ));

test("WEB-2: who answers in another tongue is no server, and is tried again", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      server.say({ event: "an event of a later server", data: {} } as never);
      await room.sync();
      assert.equal(server.tokens.length, 1, "an unknown event changes nothing");
      server.say(["nonsense"] as never);
      await until(() => server.tokens.length === 2 && room.status === "online");
    }),
  ));

test("WEB-3: requests are answered by ref: posted, refused, or lost with the connection", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      const refusals: unknown[] = [];
      room.on("requestRefused", (refusal) => refusals.push(refusal));
      await room.sendChat("hello");
      await room.editMessage("m", "hello there");
      assert.deepEqual(
        room.messages.map((message) => message.content),
        ["hello there"],
      );
      server.refused.set("add_reaction", "message_not_found");
      const refused = assert.rejects(room.react("gone", "👍"), isError(RayroomsError, "message_not_found"));
      await Promise.all([refused, room.sendChat("beside it")]);
      server.ignored.add("chat_message");
      const lost = assert.rejects(room.sendChat("lost"), isError(UnavailableError, "room_unavailable"));
      await until(() => server.count("chat_message") === 3);
      server.cut();
      await lost;
      assert.deepEqual(refusals, [], "who asked was told");
    }),
  ));

test("CL-32: chat is not queued without a connection; typing and presence are no errors", () =>
  FakeServer.run((server) =>
    inside(server, { timing: PATIENT }, async (room) => {
      await room.ready;
      await server.stop();
      await until(() => room.status === "offline");
      await assert.rejects(room.sendChat("hello"), isError(UnavailableError, "room_unavailable"));
      room.setTyping(true);
      room.setPresence("away");
    }),
  ));

test("CL-28: a refusal to enter rejects `ready` and closes; what may pass does not", () =>
  FakeServer.run(async (server) => {
    server.refused.set("join_room", "room_unavailable");
    await inside(server, {}, async (room) => {
      await until(() => server.count("join_room") > 2);
      server.refused.clear();
      await room.ready;
    });
    server.refused.set("join_room", "forbidden");
    await inside(server, {}, async (room) => {
      await assert.rejects(room.ready, isError(RayroomsError, "forbidden"));
      assert.equal(room.failure?.code, "forbidden");
      assert.throws(() => room.insert(0, "x"), isError(RayroomsError, "forbidden"));
      await assert.rejects(room.sync(), isError(RayroomsError, "forbidden"));
    });
  }));

test("LIM-6: a client that is told to slow down waits as long as it was told, and sends again what was refused", () =>
  FakeServer.run((server) =>
    inside(server, { timing: { ...QUICK, retryMost: 1000 } }, async (room) => {
      await room.ready;
      const told: (string | undefined)[] = [];
      room.on("status", ({ error }) => told.push(error?.code));
      server.editsLeft = 3;
      server.retryAfter = 0.15;
      const before = performance.now();
      for (let turn = 0; turn < 10; turn++) room.insert(room.text.length, `${turn}`);
      await until(() => told.includes("rate_limited"));
      server.editsLeft = Number.POSITIVE_INFINITY;
      await room.whenSaved();
      assert.ok(performance.now() - before >= 150, "it did not wait");
      assert.equal(server.room.text, "0123456789");
      assert.equal(server.room.commits.length, 10);
      assert.equal(server.count("join_room"), 2);
      assert.equal(server.tokens.length, 1, "the connection holds");
    }),
  ));

test("UPG-2: a server that needs a newer client closes the room for good and leaves the unsent edits where they are", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      server.ignored.add("code_change");
      room.insert(0, "unsent");
      server.refused.set("join_room", "upgrade_required");
      server.cut();
      await until(() => room.status === "closed");
      assert.ok(room.failure instanceof UpgradeRequiredError);
      assert.deepEqual(room.saved, { kind: "offline", unsent: 1 });
      assert.equal(room.text, "unsent");
      assert.ok(room.unsaved !== null);
    }),
  ));

test("UPG-2: the close code alone says so too", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      server.cut(4426);
      await until(() => room.status === "closed");
      assert.ok(room.failure instanceof UpgradeRequiredError);
    }),
  ));

test("LIM-5: a server that has too many connections of one user is come back to", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      server.retryAfter = 0.01;
      server.say({ event: "error", data: { code: "too_many_connections", message: "No.", retry_after: 0.01 } });
      await until(() => server.tokens.length === 2 && room.status === "online");
    }),
  ));

test("CL-28: an address that is none closes the room", () =>
  FakeServer.run((server) =>
    inside(server, { url: "ftp://nowhere" }, async (room) => {
      await assert.rejects(room.ready, isError(InvalidError, "malformed"));
    }),
  ));

test("CL-29: losing the room closes the client; waiters learn why", () =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      server.ignored.add("code_change");
      room.insert(0, "x");
      const waiting = assert.rejects(room.whenSaved(), isError(RayroomsError, "room_not_found"));
      server.refused.set("join_room", "room_not_found");
      server.say({ event: "room_left", data: { room_id: ROOM, reason: "deleted" } });
      await waiting;
      assert.equal(room.status, "closed");
    }),
  ));

test("CL-30: closing waits until durable, and rejects when edits would be lost", () =>
  FakeServer.run(async (server) => {
    const closed = Room.open({ url: server.url, roomId: ROOM, token: () => "t", timing: QUICK });
    await closed.ready;
    server.isDurable = false;
    closed.insert(0, "x");
    const closing = closed.close();
    await until(() => server.room.commits.length === 1);
    server.persist();
    await closing;
    const lost = Room.open({ url: server.url, roomId: ROOM, token: () => "t", timing: QUICK });
    await lost.ready;
    lost.insert(0, "y");
    assert.equal(lost.keepsEdits, false);
    await assert.rejects(lost.close(), isError(UnavailableError, "room_unavailable"));
    assert.equal(lost.status, "closed");
    await until(() => server.connections === 0);
  }));

test("CL-34: events are told in order, also when a listener edits; one that fails is reported and harms nobody", (t) =>
  FakeServer.run((server) =>
    inside(server, {}, async (room) => {
      await room.ready;
      const reported: unknown[] = [];
      const reportBefore = globalThis.reportError;
      globalThis.reportError = (error) => reported.push(error);
      t.after(() => {
        globalThis.reportError = reportBefore;
      });
      const seen: string[] = [];
      room.on("text", () => {
        throw new Error("a faulty listener");
      });
      room.on("text", ({ op }) => {
        if (op[0] === "a") room.insert(1, "b");
      });
      room.on("text", ({ op }) => seen.push(JSON.stringify(op)));
      const off = room.on("text", () => seen.push("off"));
      off();
      room.insert(0, "a");
      assert.deepEqual(seen, ['["a"]', '[1,"b"]']);
      assert.equal(reported.length, 2);
      await room.whenSaved();
      assert.equal(server.room.text, "ab");
    }),
  ));

test("CL-35: sync is a barrier, also over a broken connection", () =>
  FakeServer.run((server) =>
    inside(server, {}, (ada) =>
      inside(server, {}, async (bob) => {
        await Promise.all([ada.ready, bob.ready]);
        ada.insert(0, "x");
        await ada.whenSaved();
        assert.equal(await bob.sync(), 1);
        assert.equal(bob.text, "x");
        server.ignored.add("get_sync");
        const late = bob.sync();
        await until(() => server.count("get_sync") === 2);
        server.ignored.clear();
        server.cut();
        assert.equal(await late, 1);
      }),
    ),
  ));

test("WEB-4: reconnect() does not wait for the next try", () =>
  FakeServer.run((server) =>
    inside(server, { timing: PATIENT }, async (room) => {
      await room.ready;
      await server.stop();
      await until(() => room.status === "offline");
      await server.start();
      assert.equal(server.tokens.length, 1);
      room.reconnect();
      await until(() => room.status === "online");
    }),
  ));

test("WEB-5: a client that is sent astray again and again joins at once a few times, then waits", () =>
  FakeServer.run((server) =>
    inside(server, { timing: PATIENT }, async (room) => {
      await room.ready;
      const gap = { version: 99, client_id: "another", seq: 1, op: ["x"] };
      for (const joins of [2, 3]) {
        server.say({ event: "code_change", data: { room_id: ROOM, changes: [gap] } });
        await until(() => server.count("join_room") === joins);
        await room.sync();
      }
      server.say({ event: "code_change", data: { room_id: ROOM, changes: [gap] } });
      room.reconnect(); // a ping, answered behind whatever else is under way
      await until(() => server.count("ping") === 1);
      room.reconnect();
      await until(() => server.count("ping") === 2);
      assert.equal(server.count("join_room"), 3);
    }),
  ));

test("WEB-6: back online or looked at again, the connection is tried at once, and given up if it is dead", async (t) => {
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const window = new EventTarget();
  Object.assign(globalThis, { window, document: page });
  t.after(() => {
    Reflect.deleteProperty(globalThis, "window");
    Reflect.deleteProperty(globalThis, "document");
  });
  await FakeServer.run((server) =>
    inside(server, { timing: { ...PATIENT, probeTimeout: 50 } }, async (room) => {
      await room.ready;
      window.dispatchEvent(new Event("online"));
      await until(() => server.count("ping") === 1);
      await server.stop();
      await until(() => room.status === "offline");
      await server.start();
      window.dispatchEvent(new Event("online"));
      await until(() => room.status === "online");
      server.ignored.add("ping");
      page.dispatchEvent(new Event("visibilitychange"));
      await until(() => room.status === "offline");
      page.dispatchEvent(new Event("visibilitychange"));
      await until(() => room.status === "online");
      assert.equal(server.tokens.length, 3);
    }),
  );
});
