/** Rules NB-27 and NB-28: guests; and NB-30: users whom Jupyter vouches for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SignedIn } from "../../app/src/session.ts";
import { ForbiddenError, UnauthenticatedError, UnavailableError } from "../../client/src/errors.ts";
import type { JupyterUser } from "../src/page.ts";
import type { Vouched } from "../src/session/extension.ts";
import { enterAsGuest, type GuestOptions } from "../src/session/guests.ts";
import { VouchedCredentials } from "../src/session/vouched.ts";
import { FakeShelf } from "./fakeShelf.ts";

const SERVER = "http://127.0.0.1:8000";
const KEY = `rayrooms.guest ${SERVER}`;
const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);

/** A server whose guests are numbered, and the browser of one of them. */
class World {
  now = START;
  readonly shelf = new FakeShelf();
  readonly named: string[] = [];
  readonly renewed: string[] = [];
  user: JupyterUser | null = { username: "ada", name: "Ada" };
  #tokens = 0;

  issue(user_id: string, name: string): SignedIn {
    this.#tokens += 1;
    return { token: `t${this.#tokens}`, user_id, name, expires_at: new Date(this.now + 30 * DAY).toISOString() };
  }

  readonly signIn = async (name: string): Promise<SignedIn> => {
    this.named.push(name);
    return this.issue(`guest-${this.named.length}`, name);
  };

  readonly renew = async (token: string): Promise<SignedIn> => {
    this.renewed.push(token);
    return this.issue("guest-1", "Ada");
  };

  enter(options: Partial<GuestOptions> = {}) {
    const { shelf, signIn, renew } = this;
    const user = () => Promise.resolve(this.user);
    const usual = { server: SERVER, shelf, now: () => this.now, signIn: [signIn], renew: [renew], user };
    return enterAsGuest({ ...usual, ...options });
  }
}

const shut = () => Promise.reject(new UnavailableError("Shut."));

test("NB-27: a guest has the Jupyter user's name, and is the same one after a reload", async () => {
  const world = new World();
  const first = await world.enter();
  assert.deepEqual(first.identity, { kind: "guest", userId: "guest-1", name: "Ada" });
  assert.equal(await first.token(), "t1");
  const again = await world.enter({ signIn: [] });
  assert.deepEqual(again.identity, first.identity);
  assert.equal(await again.token(), "t1");
  assert.deepEqual(world.named, ["Ada"]);
});

test("NB-27: each server has its own guest", async () => {
  const world = new World();
  const [one, other] = [await world.enter(), await world.enter({ server: "http://other" })];
  assert.notEqual(one.identity.userId, other.identity.userId);
});

test("NB-27: the first way that works signs a guest in; the server's refusal is final", async () => {
  const world = new World();
  const guest = await world.enter({ signIn: [shut, world.signIn, shut] });
  assert.equal(guest.identity.userId, "guest-1");
  world.shelf.kept.clear();
  const forbid = () => Promise.reject(new ForbiddenError("No guests."));
  await assert.rejects(world.enter({ signIn: [shut, forbid, world.signIn] }), ForbiddenError);
  await assert.rejects(world.enter({ signIn: [shut, shut] }), UnavailableError);
  await assert.rejects(world.enter({ signIn: [] }), UnavailableError);
  assert.equal(world.shelf.kept.size, 0);
});

test("NB-27: views that open at the same time are one guest", async () => {
  const world = new World();
  const [one, other] = await Promise.all([world.enter(), world.enter()]);
  assert.equal(one.identity.userId, other.identity.userId);
  assert.equal(world.named.length, 1);
});

test("NB-27: nobody becomes the guest of another Jupyter login", async () => {
  const world = new World();
  const ada = await world.enter();
  world.user = { username: "bob", name: "Bob" };
  const bob = await world.enter();
  assert.notEqual(bob.identity.userId, ada.identity.userId);
  world.user = { username: null, name: "Anonymous Io" };
  assert.equal((await world.enter()).identity.userId, bob.identity.userId);
  world.user = null;
  assert.equal((await world.enter()).identity.userId, bob.identity.userId);
});

test("NB-27: a name that is missing or too long is made one that the server takes", async () => {
  const world = new World();
  for (const user of [null, { username: null, name: "  " }, { username: null, name: "é".repeat(120) }]) {
    world.user = user;
    world.shelf.kept.clear();
    await world.enter();
  }
  assert.deepEqual(world.named, ["Guest", "Guest", "é".repeat(100)]);
});

test("NB-27: what is kept and is no guest is replaced", async () => {
  const world = new World();
  for (const junk of ["{", "null", '{"token": 3}']) {
    world.shelf.kept.set(KEY, junk);
    assert.equal((await world.enter()).identity.name, "Ada");
  }
  assert.equal(world.named.length, 3);
});

test("NB-28: a token is renewed when less than a third of its life is left, for this and all later sessions", async () => {
  const world = new World();
  const guest = await world.enter({ renew: [shut, world.renew] });
  world.now = START + 19 * DAY;
  assert.equal(await guest.token(), "t1");
  world.now = START + 21 * DAY;
  assert.deepEqual(await Promise.all([guest.token(), guest.token()]), ["t2", "t2"]);
  assert.deepEqual(world.renewed, ["t1"]);
  const later = await world.enter();
  assert.equal(await later.token(), "t2");
  world.user = { username: "bob", name: "Bob" };
  assert.notEqual((await world.enter()).identity.userId, later.identity.userId);
});

test("NB-28: a server that cannot renew leaves the token as it is, and is not asked again at once", async () => {
  const world = new World();
  let asked = 0;
  const renew = () => {
    asked += 1;
    return shut();
  };
  const guest = await world.enter({ renew: [renew] });
  world.now = START + 25 * DAY;
  assert.deepEqual([await guest.token(), await guest.token()], ["t1", "t1"]);
  assert.equal(asked, 1);
  world.now += 60_000;
  await guest.token();
  assert.equal(asked, 2);
});

test("NB-28: a token that another tab renewed is taken up", async () => {
  const world = new World();
  const [one, other] = [await world.enter(), await world.enter()];
  world.now = START + 21 * DAY;
  assert.equal(await one.token(), "t2");
  assert.equal(await other.token(), "t2");
  assert.equal(world.renewed.length, 1);
  other.refused("t1");
  assert.equal(await other.token(), "t2");
});

test("NB-29: a guest whom the server refuses has no token any more, and the next to enter is a new one", async () => {
  const world = new World();
  const [guest, beside] = [await world.enter(), await world.enter()];
  guest.refused("t1");
  assert.equal(await guest.token(), null);
  const fresh = await world.enter();
  assert.equal(fresh.identity.userId, "guest-2");
  assert.equal(await guest.token(), null);
  beside.refused("t1");
  assert.equal(await beside.token(), null);
  assert.equal((await world.enter()).identity.userId, "guest-2");
});

test("NB-29: so does one whose renewal is refused", async () => {
  const world = new World();
  const guest = await world.enter({ renew: [() => Promise.reject(new UnauthenticatedError("Ended."))] });
  world.now = START + 29 * DAY;
  assert.equal(await guest.token(), null);
  assert.equal(world.shelf.kept.size, 0);
});

/** Jupyter's word for users, whose tokens live ten minutes. */
class Jupyter {
  now = START;
  userId: string | null = "jupyter-ada";
  asked = 0;
  isAway = false;

  vouch(): Vouched | null {
    const { userId } = this;
    return userId === null ? null : { token: `v${this.asked}`, userId, name: "Ada", expiresAt: this.now + 600_000 };
  }

  credentials(first: Vouched): VouchedCredentials {
    return new VouchedCredentials(first, {
      now: () => this.now,
      ask: async () => {
        if (this.isAway) throw new UnavailableError("Away.");
        this.asked += 1;
        return { url: SERVER, publicUrl: null, vouched: this.vouch() };
      },
    });
  }
}

function vouchedBy(jupyter: Jupyter): VouchedCredentials {
  const first = jupyter.vouch();
  assert.ok(first !== null);
  return jupyter.credentials(first);
}

test("NB-30: a vouched token is used until shortly before its end, then asked for anew", async () => {
  const jupyter = new Jupyter();
  const ada = vouchedBy(jupyter);
  assert.deepEqual(ada.identity, { kind: "verified", userId: "jupyter-ada", name: "Ada" });
  jupyter.now += 539_000;
  assert.equal(await ada.token(), "v0");
  jupyter.now += 1_000;
  assert.deepEqual(await Promise.all([ada.token(), ada.token()]), ["v1", "v1"]);
  ada.refused("v0");
  assert.equal(await ada.token(), "v1");
  ada.refused("v1");
  assert.equal(await ada.token(), "v2");
});

test("NB-30: while Jupyter is away the user stays who it is; without a token once that has ended", async () => {
  const jupyter = new Jupyter();
  const ada = vouchedBy(jupyter);
  jupyter.isAway = true;
  assert.equal(await ada.token(), "v0");
  jupyter.now += 600_000;
  await assert.rejects(ada.token(), UnavailableError);
  jupyter.isAway = false;
  assert.equal(await ada.token(), "v1");
});

test("NB-30: when somebody else is logged in, or nobody is vouched for, there is no token of this user", async () => {
  for (const userId of ["jupyter-bob", null]) {
    const jupyter = new Jupyter();
    const ada = vouchedBy(jupyter);
    jupyter.userId = userId;
    jupyter.now += 600_000;
    assert.equal(await ada.token(), null);
  }
});
