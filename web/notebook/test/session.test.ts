/** Rules NB-25 to NB-35 on the whole: a view's session over real sockets, whatever the server, Jupyter and the kernel do. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ForbiddenError, UnavailableError } from "../../client/src/errors.ts";
import type { EditStore } from "../../client/src/store/edit-store.ts";
import { connectJson } from "../../client/src/transport/json.ts";
import { FakeServer, ROOM } from "../../client/test/fake-server.ts";
import { Browser } from "../../client/test/tabs.ts";
import { until } from "../../client/test/waiting.ts";
import { channelOf } from "../src/channel.ts";
import { readOptions } from "../src/model.ts";
import { openSession, type WidgetSession } from "../src/session/index.ts";
import { FakeShelf } from "./fakeShelf.ts";
import { FakeModel } from "./fakeWidget.ts";

/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9";
const HOUR = 3_600_000;

interface Call {
  method: string;
  url: string;
  authorization: string | null;
  xsrf: string | null;
}

/** A room server, a Jupyter server before it, a kernel beside it, and a browser that reaches them. */
class World {
  readonly server: FakeServer;
  readonly shelf = new FakeShelf();
  readonly model: FakeModel;
  readonly calls: Call[] = [];
  /** Signed in so far. */
  guests: string[] = [];
  admitsGuests = true;
  /** Whether REST calls reach the room server. */
  isReachable = true;
  /** What the extension answers; null when there is none. */
  extension: Record<string, unknown> | null = null;
  store: EditStore | null = null;
  /** Tokens that came through the kernel. */
  readonly relayed: string[] = [];
  readonly #sessions: WidgetSession[] = [];

  constructor(server: FakeServer) {
    this.server = server;
    this.model = new FakeModel({ room: ROOM, url: server.url });
  }

  static async run(use: (world: World) => Promise<void>): Promise<void> {
    await FakeServer.run(async (server) => {
      const world = new World(server);
      const stub = mock.method(globalThis, "fetch", world.fetch);
      try {
        await use(world);
      } finally {
        stub.mock.restore();
        for (const session of world.#sessions) {
          await session.successor.value?.room.close({ wait: false });
          await session.room.close({ wait: false });
        }
      }
    });
  }

  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = String(input);
    const headers = new Headers(init.headers);
    const [authorization, xsrf] = [headers.get("authorization"), headers.get("x-xsrftoken")];
    this.calls.push({ method: init.method ?? "GET", url, authorization, xsrf });
    if (url.endsWith("/session"))
      return this.extension ? Response.json(this.extension) : new Response("", { status: 404 });
    if (!this.isReachable || url.startsWith(NOWHERE)) throw new TypeError("no network");
    if (url.endsWith("/api/auth/guest")) {
      if (!this.admitsGuests) return Response.json({ code: "forbidden", detail: "No guests." }, { status: 403 });
      const { name } = JSON.parse(String(init.body)) as { name: string };
      return Response.json(this.signIn(name));
    }
    return Response.json({ items: [], limit: 50, next: null });
  };

  signIn(name: string) {
    this.guests.push(name);
    const number = this.guests.length;
    const expires_at = new Date(Date.now() + 30 * 24 * HOUR).toISOString();
    return { token: `g${number}`, user_id: `guest-${number}`, name, expires_at };
  }

  /** The extension vouches for this user. */
  vouch(userId: string, token: string, more: Record<string, unknown> = {}): void {
    const user = { username: userId, name: userId.toUpperCase(), colour: null };
    const url = this.server.url;
    const expires_at = new Date(Date.now() + HOUR).toISOString();
    this.extension = {
      protocol: 1,
      url,
      public_url: url,
      verified: true,
      user,
      token,
      user_id: userId,
      expires_at,
      ...more,
    };
  }

  async open(traits: Record<string, unknown> = {}): Promise<WidgetSession> {
    Object.assign(this.model.traits, traits);
    const href = "http://localhost:8888/lab";
    const page = {
      href,
      baseUrl: `${this.server.url}/user/ada/`,
      headers: () => ({ "X-XSRFToken": "x" }),
      user: () => Promise.resolve({ username: "ada", name: "Ada" }),
    };
    const session = await openSession(readOptions(this.model), channelOf(this.model), page, {
      fetch: this.fetch,
      shelf: this.shelf,
      time: Date.now,
      timers: {
        now: () => performance.now(),
        after: (milliseconds, what) => {
          const timer = setTimeout(what, milliseconds);
          return () => clearTimeout(timer);
        },
      },
      relay: () => (_url, token, events) => {
        this.relayed.push(token);
        return connectJson(this.server.url, token, events);
      },
      openStore: () => Promise.resolve(this.store),
      timing: { retryFirst: 5, retryMost: 20, tick: 5, closeTimeout: 200 },
    });
    this.#sessions.push(session);
    return session;
  }

  /** The session that takes the place of `session`. */
  async successorOf(session: WidgetSession): Promise<WidgetSession> {
    await until(() => session.successor.value !== null, "a successor");
    assert.ok(session.successor.value !== null);
    this.#sessions.push(session.successor.value);
    return session.successor.value;
  }

  urls(end: string): string[] {
    return this.calls.map((call) => call.url).filter((url) => url.endsWith(end));
  }
}

function refusedAs(kind: typeof UnavailableError | typeof ForbiddenError, code: string) {
  return (error: unknown) => error instanceof kind && error.code === code;
}

test("NB-27: a guest signs in at the server itself, edits, and calls it through the transport in use", () =>
  World.run(async (world) => {
    const session = await world.open();
    assert.equal(session.transport.value, null);
    assert.equal(session.rest(), null);
    await session.room.ready;
    assert.deepEqual(session.identity, { kind: "guest", userId: "guest-1", name: "Ada" });
    assert.equal(session.transport.value, "direct");
    session.room.insert(0, "hello");
    await session.room.whenSaved();
    assert.equal(world.server.room.text, "hello");
    assert.deepEqual(world.server.tokens, ["g1"]);
    await session.rest()?.messages(ROOM);
    const { url, authorization, xsrf } = world.calls.at(-1) ?? {};
    assert.deepEqual([url, authorization, xsrf], [`${world.server.url}/api/rooms/${ROOM}/messages`, "Bearer g1", null]);
    await session.close();
    assert.equal(session.transport.value, null);
  }));

test("NB-27: a guest whom the browser cannot sign in is signed in by the kernel, and takes part through it", () =>
  World.run(async (world) => {
    world.isReachable = false;
    world.model.kernel = ({ kind, view, name }) => {
      if (kind === "guest") world.model.trigger("msg:custom", { kind, view, session: world.signIn(String(name)) });
    };
    const session = await world.open({ url: NOWHERE });
    await session.room.ready;
    assert.deepEqual([session.identity.userId, session.transport.value], ["guest-1", "relay"]);
    assert.deepEqual(world.relayed, ["g1"]);
    assert.equal(session.rest(), null);
  }));

test("NB-27: through the kernel alone when the relay is asked for", () =>
  World.run(async (world) => {
    world.vouch("jupyter-ada", "v1");
    world.model.kernel = ({ kind, view, name }) => {
      world.model.trigger("msg:custom", { kind, view, session: world.signIn(String(name)) });
    };
    const session = await world.open({ transport: "relay" });
    await session.room.ready;
    assert.deepEqual([session.identity.kind, session.transport.value], ["guest", "relay"]);
    assert.deepEqual(world.urls("/api/auth/guest"), []);
    assert.ok(!JSON.stringify(world.model.sent).includes("v1"));
  }));

test("NB-27: through Jupyter's server where the room server cannot be reached, with what Jupyter wants", () =>
  World.run(async (world) => {
    world.extension = { protocol: 1, url: NOWHERE, public_url: null, verified: false, token: null, user_id: null };
    const session = await world.open({ url: NOWHERE });
    await session.room.ready;
    assert.equal(session.transport.value, "proxy");
    const base = `${world.server.url}/user/ada/rayrooms`;
    assert.deepEqual(world.urls("/api/auth/guest"), [`${NOWHERE}/api/auth/guest`, `${base}/api/auth/guest`]);
    assert.deepEqual(
      world.calls.filter((call) => call.url.endsWith("/api/auth/guest")).map((call) => call.xsrf),
      [null, "x"],
    );
    await session.rest()?.members(ROOM);
    assert.deepEqual(world.calls.at(-1), {
      method: "GET",
      url: `${base}/api/rooms/${ROOM}/members`,
      authorization: "Bearer g1",
      xsrf: "x",
    });
  }));

test("NB-25: whom Jupyter vouches for is who takes part, by the address that the extension names", () =>
  World.run(async (world) => {
    world.vouch("jupyter-ada", "v1");
    const session = await world.open();
    await session.room.ready;
    assert.deepEqual(session.identity, { kind: "verified", userId: "jupyter-ada", name: "JUPYTER-ADA" });
    assert.equal(session.transport.value, "direct");
    assert.deepEqual(world.server.tokens, ["v1"]);
    assert.deepEqual([world.guests, world.model.sent], [[], []]);
  }));

test("NB-25: where the extension names no such address, through it, which needs no token of the page for calls", () =>
  World.run(async (world) => {
    world.vouch("jupyter-ada", "v1", { public_url: null });
    const session = await world.open();
    await session.room.ready;
    assert.equal(session.transport.value, "proxy");
    await session.rest()?.messages(ROOM);
    assert.equal(world.calls.at(-1)?.authorization, null);
    await assert.rejects(world.open({ transport: "direct" }), UnavailableError);
  }));

test("NB-25: an extension that leads to another server vouches for nobody here", () =>
  World.run(async (world) => {
    world.vouch("jupyter-ada", "v1", { url: NOWHERE, public_url: null });
    const session = await world.open();
    await session.room.ready;
    assert.deepEqual([session.identity.kind, world.server.tokens], ["guest", ["g1"]]);
    await assert.rejects(world.open({ transport: "proxy" }), UnavailableError);
  }));

test("NB-25: an answer of the extension that cannot be understood counts as none", () =>
  World.run(async (world) => {
    for (const extension of [
      { protocol: 2, url: world.server.url },
      { protocol: 1, url: "nowhere" },
      { protocol: 1 },
    ]) {
      world.extension = extension;
      assert.equal((await world.open()).identity.kind, "guest");
    }
  }));

test("NB-31: where no guests are admitted, the kernel's own user takes part, whom the room tells", () =>
  World.run(async (world) => {
    world.admitsGuests = false;
    const session = await world.open();
    assert.deepEqual(session.identity, { kind: "kernel", userId: "", name: "" });
    await session.room.ready;
    assert.deepEqual([world.relayed, session.transport.value, session.rest()], [[""], "relay", null]);
    const self = session.room.participants.find((one) => one.session_id === session.room.sessionId);
    assert.equal(session.identity.userId, self?.user_id ?? "");
  }));

test("NB-31: nobody takes part where that is not what was asked for, or the kernel is gone", () =>
  World.run(async (world) => {
    world.admitsGuests = false;
    await assert.rejects(world.open({ transport: "direct" }), refusedAs(ForbiddenError, "guests_disabled"));
    assert.equal(world.shelf.kept.size, 0);
    const channel = channelOf(world.model);
    world.model.trigger("destroy");
    assert.equal(channel.isAlive, false);
    world.model.isCommGone = true;
    world.isReachable = false;
    await assert.rejects(world.open({ transport: "auto" }), refusedAs(UnavailableError, "room_unavailable"));
  }));

test("NB-31: a kernel that refuses or cannot be understood signs nobody in", () =>
  World.run(async (world) => {
    world.isReachable = false;
    let answer: Record<string, unknown> = { error: { code: "room_unavailable", message: "Away." } };
    world.model.kernel = ({ kind, view }) => world.model.trigger("msg:custom", { kind, view, ...answer });
    await assert.rejects(world.open({ url: NOWHERE }), { code: "room_unavailable", message: "Away." });
    answer = { session: { token: 3 } };
    await assert.rejects(world.open(), UnavailableError);
    answer = { error: { code: "forbidden", message: "No guests." } };
    assert.equal((await world.open()).identity.kind, "kernel");
  }));

test("NB-31: when the kernel of somebody who takes part through it is gone, that is what is told", () =>
  World.run(async (world) => {
    world.admitsGuests = false;
    const session = await world.open();
    await session.room.ready;
    world.model.trigger("comm_live_update");
    world.server.cut();
    await until(() => session.room.status === "offline");
    session.room.insert(0, "x");
    const told = async () => {
      const error: unknown = await session.room.whenSaved(10).catch((reason: unknown) => reason);
      return error instanceof UnavailableError && error.message.includes("run the cell again");
    };
    await until(told);
  }));

test("NB-20: a socket that the page may not open is a way that is shut, and no refusal of the guest", () =>
  World.run(async (world) => {
    const { WebSocket: Real } = globalThis;
    const sockets = mock.method(globalThis, "WebSocket", function open(url: string, protocols: string[]) {
      if (url.startsWith("ws://localhost")) throw new DOMException("Insecure.", "SecurityError");
      return new Real(url, protocols);
    });
    try {
      const url = world.server.url.replace("127.0.0.1", "localhost");
      world.shelf.kept.set(
        `rayrooms.guest ${url}`,
        JSON.stringify({ ...world.signIn("Ada"), obtained_at: Date.now() }),
      );
      const session = await world.open({ url, transport: "direct" });
      await until(() => sockets.mock.callCount() > 5);
      assert.equal(session.room.failure, null);
      const relayed = await world.open({ url, transport: "auto" });
      await relayed.room.ready;
      assert.deepEqual([relayed.transport.value, world.guests], ["relay", ["Ada"]]);
    } finally {
      sockets.mock.restore();
    }
  }));

for (const direct of ["is shut", "refuses"]) {
  test(`NB-20: auto falls back on the kernel while direct ${direct}, and comes back with the next connection`, () =>
    World.run((world) =>
      FakeServer.run(async (other) => {
        if (direct === "refuses") other.badTokens.add("g1");
        else await other.stop();
        const session = await world.open({ url: other.url });
        await session.room.ready;
        assert.equal(session.transport.value, "relay");
        other.badTokens.clear();
        if (direct === "is shut") await other.start();
        world.server.cut();
        await until(() => session.transport.value === "direct");
        await until(() => session.room.status === "online");
      }),
    ));
}

test("NB-29: a guest whom the server has forgotten becomes a new one, and what they typed goes along", () =>
  World.run(async (world) => {
    const session = await world.open();
    session.room.insert(0, "kept");
    await session.room.whenSaved();
    await world.server.stop();
    await until(() => session.room.status === "offline");
    session.room.insert(4, " and typed");
    world.server.badTokens.add("g1");
    await world.server.start();
    const next = await world.successorOf(session);
    assert.equal(session.room.status, "closed");
    assert.notEqual(next.room, session.room);
    assert.deepEqual(next.identity, { kind: "guest", userId: "guest-2", name: "Ada" });
    await until(() => world.server.room.text === "kept and typed");
    await next.room.whenSaved();
    assert.equal(next.leftOver.value, null);
    assert.equal((await world.open()).identity.userId, "guest-2");
  }));

test("NB-29: where the room does not take over what was typed, it is there to be shown", () =>
  World.run(async (world) => {
    const session = await world.open();
    await session.room.ready;
    await world.server.stop();
    await until(() => session.room.status === "offline");
    session.room.insert(0, "typed");
    world.server.badTokens.add("g1");
    world.server.refused.set("join_room", "room_not_found");
    await world.server.start();
    const next = await world.successorOf(session);
    await until(() => next.leftOver.value === "typed");
    assert.equal(next.room.failure?.code, "room_not_found");
  }));

test("NB-29: a sign-in that fails for now is tried again, and one that is refused ends the room", () =>
  World.run(async (world) => {
    const session = await world.open({ transport: "direct" });
    await session.room.ready;
    world.isReachable = false;
    world.model.isCommGone = true;
    world.server.badTokens.add("g1");
    world.server.cut();
    await until(() => world.urls("/api/auth/guest").length > 3);
    assert.equal(session.room.status, "offline");
    world.isReachable = true;
    world.admitsGuests = false;
    await until(() => session.room.status === "closed");
    assert.equal(session.room.failure?.code, "guests_disabled");
    assert.equal(session.successor.value, null);
  }));

test("NB-29: a guest whom the server makes and does not take is not made again and again", () =>
  World.run(async (world) => {
    for (let number = 1; number < 20; number++) world.server.badTokens.add(`g${number}`);
    world.shelf.kept.set(
      `rayrooms.guest ${world.server.url}`,
      JSON.stringify({ ...world.signIn("Ada"), obtained_at: 0 }),
    );
    const session = await world.open({ transport: "direct" });
    const next = await world.successorOf(session);
    await assert.rejects(next.room.ready, { code: "bad_token" });
    assert.equal(next.successor.value, null);
    assert.equal(world.guests.length, 2);
  }));

test("NB-29: a session that was closed has no successor", () =>
  World.run(async (world) => {
    const session = await world.open();
    await session.room.ready;
    const { signIn } = world;
    let closing: Promise<void> | undefined;
    world.signIn = (name) => {
      closing = session.close();
      return signIn.call(world, name);
    };
    world.server.badTokens.add("g1");
    world.server.cut();
    await until(() => closing !== undefined);
    await closing;
    assert.equal(session.successor.value, null);
    assert.equal(world.server.connections, 0);
  }));

test("NB-30: when another user logs in to Jupyter, a session of that user begins, without the edits of the first", () =>
  World.run(async (world) => {
    world.vouch("jupyter-ada", "v1", { expires_at: new Date(Date.now() + 30_000).toISOString() });
    const session = await world.open();
    world.vouch("jupyter-ada", "v2", { expires_at: new Date(Date.now() + 30_000).toISOString() });
    await session.room.ready;
    await world.server.stop();
    await until(() => session.room.status === "offline");
    session.room.insert(0, "Ada's");
    world.vouch("jupyter-bob", "v3");
    await world.server.start();
    const next = await world.successorOf(session);
    await next.room.ready;
    assert.deepEqual([next.identity.userId, next.leftOver.value], ["jupyter-bob", "Ada's"]);
    assert.equal(world.server.room.text, "");
    assert.ok(!world.server.tokens.slice(1).some((token) => token !== "v3"), String(world.server.tokens));
  }));

test("NB-35: what was typed without a connection outlives the page, and is the same guest's", () =>
  World.run(async (world) => {
    const browser = new Browser();
    const tab = await browser.openTab();
    world.store = tab.store;
    const session = await world.open();
    await session.room.ready;
    await world.server.stop();
    await until(() => session.room.status === "offline");
    session.room.insert(0, "typed");
    await until(() => session.room.keepsEdits);
    await session.room.close({ wait: false });
    tab.crash();
    world.store = (await browser.openTab()).store;
    await world.server.start();
    const reloaded = await world.open();
    await reloaded.room.ready;
    await reloaded.room.whenSaved();
    assert.equal(world.server.room.text, "typed");
    assert.deepEqual(world.guests, ["Ada"]);
    assert.equal(reloaded.room.clientId, session.room.clientId);
  }));

test("NB-35: two views of one room in one page are two clients of one guest", () =>
  World.run(async (world) => {
    const browser = new Browser();
    world.store = (await browser.openTab()).store;
    const [one, other] = [await world.open(), await world.open()];
    await Promise.all([one.room.ready, other.room.ready]);
    assert.equal(one.identity.userId, other.identity.userId);
    assert.notEqual(one.room.clientId, other.room.clientId);
    one.room.insert(0, "1");
    other.room.insert(0, "2");
    await Promise.all([one.room.whenSaved(), other.room.whenSaved()]);
    assert.equal(world.server.room.text.length, 2);
  }));
