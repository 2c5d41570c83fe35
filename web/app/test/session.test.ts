/** Rules APP-1 to APP-8: who is signed in. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ForbiddenError, UnauthenticatedError, UnavailableError } from "../../client/src/errors.ts";
import { parseSession, renewalDue, SESSION_KEY, SessionKeeper, type SignedIn } from "../src/session.ts";
import { MemoryStorage } from "./memoryStorage.ts";

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);

/** A server whose tokens live 30 days and count up; `renewal` may refuse. */
class Server {
  now = START;
  made = 0;
  renewed: string[] = [];
  renewal: () => Promise<void> = () => Promise.resolve();

  readonly #token = (user_id: string, name: string): SignedIn => {
    this.made += 1;
    const expires_at = new Date(this.now + 30 * DAY).toISOString();
    return { token: `t${this.made}`, user_id, name, expires_at };
  };

  keeper(storage: MemoryStorage | null): SessionKeeper {
    return new SessionKeeper({
      storage,
      now: () => this.now,
      signIn: async (name) => this.#token(`guest-${name}`, name),
      renew: async (token) => {
        this.renewed.push(token);
        await this.renewal();
        return this.#token("guest-Ada", "Ada");
      },
    });
  }
}

async function signedIn(): Promise<{ server: Server; browser: MemoryStorage; keeper: SessionKeeper }> {
  const server = new Server();
  const browser = new MemoryStorage();
  const keeper = server.keeper(browser);
  await keeper.signIn("Ada");
  return { server, browser, keeper };
}

test("APP-1 a sign-in outlives the page, and the last name outlives signing out", async () => {
  const { server, browser, keeper } = await signedIn();
  const reloaded = server.keeper(browser);
  assert.deepEqual(reloaded.user.value, { id: "guest-Ada", name: "Ada" });
  assert.equal(await reloaded.token(), "t1");
  keeper.signOut();
  const later = server.keeper(browser);
  assert.equal(later.user.value, null);
  assert.equal(later.lastName, "Ada");
  assert.equal(later.ended, false);
  await assert.rejects(later.token(), UnauthenticatedError);
});

test("APP-2 a token is renewed once less than a third of its life is left, and not before", async () => {
  const { server, keeper } = await signedIn();
  server.now = START + 20 * DAY;
  assert.equal(await keeper.token(), "t1");
  server.now += 1;
  assert.equal(await keeper.token(), "t2");
  assert.equal(await keeper.token(), "t2");
  assert.deepEqual(server.renewed, ["t1"]);
});

test("APP-2 those who ask at the same time share one renewal", async () => {
  const { server, keeper } = await signedIn();
  server.now = START + 25 * DAY;
  assert.deepEqual(await Promise.all([keeper.token(), keeper.token(), keeper.token()]), ["t2", "t2", "t2"]);
  assert.equal(server.renewed.length, 1);
});

for (const refusal of [
  new ForbiddenError("Not ours."),
  new UnavailableError("Later."),
  new TypeError("fetch failed"),
]) {
  test(`APP-3 a renewal that fails (${refusal.message}) leaves the token, and is not tried at every call`, async () => {
    const { server, keeper } = await signedIn();
    server.now = START + 25 * DAY;
    server.renewal = () => Promise.reject(refusal);
    assert.equal(await keeper.token(), "t1");
    assert.equal(await keeper.token(), "t1");
    assert.equal(server.renewed.length, 1);
    server.now += 60_000;
    server.renewal = () => Promise.resolve();
    assert.equal(await keeper.token(), "t2");
  });
}

test("APP-4 a refused token ends the session and says so; signing in again mends it", async () => {
  const { server, browser, keeper } = await signedIn();
  server.now = START + 40 * DAY;
  server.renewal = () => Promise.reject(new UnauthenticatedError("Expired."));
  await assert.rejects(keeper.token(), UnauthenticatedError);
  assert.equal(keeper.user.value, null);
  assert.equal(keeper.ended, true);
  assert.equal(browser.getItem(SESSION_KEY), null);
  await keeper.signIn("Ada");
  assert.equal(keeper.ended, false);
  assert.equal(await keeper.token(), "t2");
});

test("APP-4 the refusal of a token that was replaced since ends nothing", async () => {
  const { server, keeper } = await signedIn();
  server.now = START + 25 * DAY;
  await keeper.token();
  keeper.refused("t1");
  assert.equal(keeper.user.value?.id, "guest-Ada");
  keeper.refused("t2");
  assert.equal(keeper.user.value, null);
});

test("APP-5 tabs share the session: signing in, renewing and signing out", async () => {
  const { server, browser, keeper } = await signedIn();
  const other = server.keeper(browser);
  keeper.signOut();
  other.storageChanged(SESSION_KEY, browser.getItem(SESSION_KEY));
  assert.equal(other.user.value, null);
  await keeper.signIn("Grace");
  other.storageChanged(SESSION_KEY, browser.getItem(SESSION_KEY));
  assert.deepEqual(other.user.value, { id: "guest-Grace", name: "Grace" });
  assert.equal(await other.token(), await keeper.token());
  other.storageChanged("something.else", null);
  assert.notEqual(other.user.value, null);
  other.storageChanged(null, null);
  assert.equal(other.user.value, null);
});

test("APP-5 a renewal that comes back after someone else signed in changes nothing", async () => {
  const { server, keeper } = await signedIn();
  server.now = START + 25 * DAY;
  server.renewal = async () => keeper.signIn("Grace");
  await keeper.token();
  assert.equal(keeper.user.value?.id, "guest-Grace");
});

test("APP-6 a new name shows with the token that carries it", async () => {
  const { server, keeper } = await signedIn();
  const shown: (string | undefined)[] = [];
  server.renewal = async () => {
    shown.push(keeper.user.value?.name);
  };
  await keeper.renamed("Ada L.");
  assert.deepEqual([...shown, keeper.user.value?.name], ["Ada", "Ada L."]);
});

test("APP-6 a new name shows though its token has to wait", async () => {
  const { server, keeper } = await signedIn();
  server.renewal = () => Promise.reject(new UnavailableError("Later."));
  await keeper.renamed("Ada L.");
  assert.equal(keeper.user.value?.name, "Ada L.");
  assert.equal(server.renewed.length, 1);
  assert.equal(keeper.lastName, "Ada L.");
});

test("APP-7 a browser that keeps nothing still signs in for the page", async () => {
  const server = new Server();
  const shut = { getItem: deny, setItem: deny, removeItem: deny } as unknown as MemoryStorage;
  for (const storage of [null, shut]) {
    const keeper = server.keeper(storage);
    await keeper.signIn("Ada");
    assert.equal(keeper.user.value?.name, "Ada");
    keeper.signOut();
    assert.equal(keeper.lastName, "");
  }
});

test("APP-8 what is stored and is no session counts as none", async () => {
  const { browser } = await signedIn();
  const good = browser.getItem(SESSION_KEY);
  assert.notEqual(parseSession(good), null);
  for (const bad of [
    "",
    "null",
    "[]",
    "{",
    '{"token":1}',
    good?.replace('"t1"', "7") ?? "",
    good?.replace(/,"obt.*/, "}") ?? "",
  ]) {
    assert.equal(parseSession(bad), null, bad);
  }
});

test("APP-2 a life that cannot be told is not renewed for ever", () => {
  const session = { token: "t", user_id: "u", name: "n", obtained_at: START };
  assert.equal(renewalDue({ ...session, expires_at: "soon" }, START), false);
  assert.equal(renewalDue({ ...session, expires_at: new Date(START - 1).toISOString() }, START), false);
});

function deny(): never {
  throw new DOMException("Storage is shut.", "SecurityError");
}
