/** The view's end of the relay, on a channel whose other end is a link as the kernel's. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidError, type RayroomsError, UnauthenticatedError, UnavailableError } from "../../client/src/errors.ts";
import type { ServerEvent } from "../../client/src/protocol.ts";
import type { Connection, ConnectionEvents } from "../../client/src/transport/connection.ts";
import { until } from "../../client/test/waiting.ts";
import type { KernelChannel } from "../src/channel.ts";
import { relay } from "../src/relay/index.ts";
import { DEFAULT_LIMITS } from "../src/relay/limits.ts";
import { Link } from "../src/relay/link.ts";
import { read, write } from "../src/relay/messages.ts";

const URL = "http://rooms.example";
const ADDRESS = { view: "view", link: "link" };

/** The kernel, as far as the relay goes, and the channel to it. */
class Kernel implements KernelChannel {
  readonly view = ADDRESS.view;
  isAlive = true;
  token: string | null = null;
  link: Link | null = null;
  readonly sent: Record<string, unknown>[] = [];
  /** What the kernel hears is lost. */
  isDeaf = false;
  readonly #listeners = new Set<(content: Record<string, unknown>) => void>();
  readonly #mourners = new Set<() => void>();

  send(content: Record<string, unknown>): void {
    this.sent.push(content);
    if (this.isDeaf) return;
    const message = read(JSON.parse(JSON.stringify(content)), ADDRESS);
    assert.ok(message);
    if (message.type === "open" && this.link === null) {
      this.token = message.token;
      this.link = new Link(DEFAULT_LIMITS, performance.now());
    }
    this.link?.receive(message, performance.now());
  }

  listen(listener: (content: Record<string, unknown>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onDeath(listener: () => void): () => void {
    if (!this.isAlive) listener();
    this.#mourners.add(listener);
    return () => this.#mourners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** To all views. */
  broadcast(content: Record<string, unknown>): void {
    for (const listener of [...this.#listeners]) listener(content);
  }

  /** Send what is due. */
  speak(): void {
    for (;;) {
      const message = this.link?.take(performance.now()) ?? null;
      if (message === null) break;
      this.broadcast(write(ADDRESS, message));
    }
  }

  /** The frames that came. */
  heard(): unknown[] {
    const events = this.link?.takeEvents() ?? [];
    return events.flatMap((event) => (event.type === "frame" ? [JSON.parse(event.text)] : []));
  }

  die(): void {
    this.isAlive = false;
    for (const mourner of this.#mourners) mourner();
  }
}

class Told implements ConnectionEvents {
  isOpen = false;
  readonly messages: ServerEvent[] = [];
  readonly errors: RayroomsError[] = [];

  opened(): void {
    this.isOpen = true;
  }

  received(message: ServerEvent): void {
    this.messages.push(message);
  }

  ended(error: RayroomsError): void {
    this.errors.push(error);
  }
}

async function connected(kernel: Kernel, told: Told, token = "token"): Promise<Connection> {
  const connection = relay(kernel, { newLink: () => ADDRESS.link })(URL, token, told);
  await until(() => kernel.link !== null);
  kernel.link?.opened();
  kernel.speak();
  return connection;
}

test("RELAY-1, RELAY-5: a connection opens with the kernel's word, and carries messages both ways", async () => {
  const kernel = new Kernel();
  const told = new Told();
  const connection = relay(kernel, { newLink: () => ADDRESS.link })(URL, "", told);
  await until(() => kernel.link !== null);
  assert.equal(kernel.token, "");
  assert.equal(told.isOpen, false);
  kernel.link?.opened();
  kernel.link?.push('{"event":"pong"}');
  kernel.link?.push('{"event":"from the future","data":{}}');
  kernel.speak();
  assert.equal(told.isOpen, true);
  assert.deepEqual(told.messages, [{ event: "pong" }]);
  connection.send({ event: "ping" });
  connection.send({ event: "leave_room", data: { room_id: "r" } });
  const before = kernel.sent.length;
  await until(() => kernel.sent.length > before);
  assert.deepEqual(kernel.heard(), [{ event: "ping" }, { event: "leave_room", data: { room_id: "r" } }]);
  connection.close();
});

test("RELAY-6: what the kernel says to other views and on other links is not heard", async () => {
  const kernel = new Kernel();
  const told = new Told();
  const connection = await connected(kernel, told);
  const packet = { kind: "relay", type: "data", seq: 2, ack: 0, frames: ['{"event":"pong"}'] };
  kernel.broadcast({ ...packet, view: "other", link: "link" });
  kernel.broadcast({ ...packet, view: "view", link: "other" });
  kernel.broadcast({ ...packet, kind: "run", ...ADDRESS });
  kernel.broadcast({ ...packet, ...ADDRESS, seq: "2" });
  kernel.broadcast({ ...packet, ...ADDRESS, frames: [1] });
  assert.deepEqual(told.messages, []);
  kernel.broadcast({ ...packet, ...ADDRESS });
  assert.deepEqual(told.messages, [{ event: "pong" }]);
  connection.close();
});

for (const [code, kind] of [
  ["bad_token", UnauthenticatedError],
  ["room_unavailable", UnavailableError],
  ["closed", UnavailableError],
] as const) {
  test(`RELAY-9: the end of the connection upstream is told as ${kind.name}, after its last frames: ${code}`, async () => {
    const kernel = new Kernel();
    const told = new Told();
    await connected(kernel, told);
    kernel.link?.push('{"event":"pong"}');
    kernel.link?.finish(code, "Because.", performance.now());
    await until(() => {
      kernel.speak();
      return told.errors.length > 0;
    });
    assert.deepEqual(told.messages, [{ event: "pong" }]);
    assert.ok(told.errors[0] instanceof kind);
    assert.equal(kernel.listeners, 0);
    assert.equal(kernel.link?.phase, "over");
  });
}

test("RELAY-9: a refusal is told without an opening", async () => {
  const kernel = new Kernel();
  const told = new Told();
  relay(kernel, { newLink: () => ADDRESS.link })(URL, "token", told);
  await until(() => kernel.link !== null);
  kernel.link?.finish("bad_token", "No.", performance.now());
  kernel.speak();
  assert.equal(told.isOpen, false);
  assert.ok(told.errors[0] instanceof UnauthenticatedError);
});

test("RELAY-10: after close nothing is told, and what was sent before it still arrives", async () => {
  const kernel = new Kernel();
  const told = new Told();
  const connection = await connected(kernel, told);
  kernel.link?.takeEvents();
  connection.send({ event: "ping" });
  connection.close();
  connection.send({ event: "ping" });
  kernel.link?.push('{"event":"pong"}');
  await until(() => {
    kernel.speak();
    return kernel.listeners === 0;
  });
  assert.deepEqual(kernel.heard(), [{ event: "ping" }]);
  assert.deepEqual([told.messages, told.errors], [[], []]);
});

test("RELAY-10: closing before the opening takes it back", async () => {
  const kernel = new Kernel();
  const told = new Told();
  const connection = relay(kernel, { newLink: () => ADDRESS.link })(URL, "token", told);
  await until(() => kernel.link !== null);
  connection.close();
  assert.equal(kernel.link?.phase, "over");
  assert.equal(kernel.listeners, 0);
  assert.equal(told.errors.length, 0);
});

test("RELAY-11: the death of the kernel ends the connection", async () => {
  const kernel = new Kernel();
  const told = new Told();
  await connected(kernel, told);
  kernel.die();
  await until(() => told.errors.length > 0);
  assert.ok(told.errors[0] instanceof UnavailableError);
  assert.equal(kernel.listeners, 0);
});

test("RELAY-11: without a kernel there is no connection, and that is told only once there is somebody to tell", async () => {
  const kernel = new Kernel();
  kernel.die();
  const told = new Told();
  relay(kernel)(URL, "token", told);
  assert.equal(told.errors.length, 0);
  await until(() => told.errors.length > 0);
  assert.ok(told.errors[0] instanceof UnavailableError);
  assert.deepEqual(kernel.sent, []);
});

test("RELAY-11: a kernel that answers nothing is given up after a minute", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1000;
  const kernel = new Kernel();
  kernel.isDeaf = true;
  const told = new Told();
  relay(kernel, { now: () => now })(URL, "token", told);
  for (let second = 0; second < 59; second++) {
    await Promise.resolve();
    now += 1000;
    context.mock.timers.tick(1000);
  }
  assert.equal(told.errors.length, 0);
  assert.equal(kernel.sent.filter(({ type }) => type === "open").length, 60);
  now += 1000;
  context.mock.timers.tick(1000);
  assert.ok(told.errors[0] instanceof UnavailableError);
});

test("RELAY-9: frames that are no messages end the connection", async () => {
  const kernel = new Kernel();
  const told = new Told();
  await connected(kernel, told);
  kernel.link?.push("<html>");
  kernel.link?.push('{"event":"pong"}');
  await until(() => {
    kernel.speak();
    return told.errors.length > 0;
  });
  assert.ok(told.errors[0] instanceof UnavailableError);
  assert.deepEqual(told.messages, []);
});

test("RELAY-9: what is no URL is refused at once", () => {
  assert.throws(() => relay(new Kernel())("nonsense", "token", new Told()), InvalidError);
});
