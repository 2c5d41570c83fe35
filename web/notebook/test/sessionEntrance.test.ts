/** Rule NB-36: whom an extension that is not set up well keeps out. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { RayroomsError, UnavailableError } from "../../client/src/errors.ts";
import { channelOf } from "../src/channel.ts";
import { readOptions } from "../src/model.ts";
import { Entrance } from "../src/session/entrance.ts";
import { FakeShelf } from "./fakeShelf.ts";
import { FakeModel } from "./fakeWidget.ts";
import { Timers } from "./timers.ts";

const DETAIL = "The Rayrooms extension is misconfigured. The secret is too short.";

/** Enters where the extension refuses with this; `urls` are what was asked for besides. */
async function enter(problem: unknown): Promise<{ kind: string | RayroomsError; urls: string[] }> {
  const urls: string[] = [];
  const model = new FakeModel();
  const page = {
    href: "http://localhost:8888/lab",
    baseUrl: "http://localhost:8888/",
    headers: () => ({}),
    user: () => Promise.resolve(null),
  };
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    const url = String(input);
    if (url === "http://localhost:8888/rayrooms/session") return Response.json(problem, { status: 503 });
    urls.push(url);
    return Response.json({ token: "g", user_id: "guest-1", name: "Ada", expires_at: "2100-01-01T00:00:00Z" });
  };
  const { after } = new Timers();
  const own = mock.method(globalThis, "fetch", fetch); // what the REST client calls
  const entrance = new Entrance(readOptions(model), channelOf(model), page, {
    fetch,
    shelf: new FakeShelf(),
    time: () => 0,
    timers: { now: () => 0, after },
  });
  try {
    return { kind: (await entrance.enter()).credentials.identity.kind, urls };
  } catch (error) {
    assert.ok(error instanceof RayroomsError);
    return { kind: error, urls };
  } finally {
    own.mock.restore();
  }
}

test("NB-36: who should be vouched for is no guest instead when the extension says that it is misconfigured", async () => {
  const { kind, urls } = await enter({ status: 503, code: "misconfigured", detail: DETAIL });
  assert.ok(kind instanceof UnavailableError);
  assert.deepEqual([kind.code, kind.message], ["misconfigured", DETAIL]);
  assert.deepEqual(urls, [], "nobody was signed in");
});

test("NB-36: an extension that fails in any other way is as one that is not there", async () => {
  for (const problem of [{ code: "room_unavailable", detail: "Later." }, { code: "misconfigured" }, "no", null]) {
    const { kind, urls } = await enter(problem);
    assert.equal(kind, "guest");
    assert.equal(urls.length, 1);
  }
});
