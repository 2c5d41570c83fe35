/** REST calls: what goes out, and which errors come back. Also the addresses that a server's URL leads to. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { ForbiddenError, InvalidError, RayroomsError, UnauthenticatedError, UnavailableError } from "../src/errors.ts";
import { RestClient } from "../src/rest/client.ts";
import { backoff, DEFAULT_TIMING } from "../src/timing.ts";
import { addressesOf } from "../src/transport/address.ts";

interface Call {
  method: string;
  url: string;
  token: string | undefined;
  body: unknown;
}

/** Runs `use` against a server that answers each call so, and returns the calls. */
async function answering(status: number, answer: string, use: (url: string) => Promise<void>): Promise<Call[]> {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { method = "", url = "", headers } = request;
    calls.push({ method, url, token: headers.authorization, body: body === "" ? null : (JSON.parse(body) as unknown) });
    response.writeHead(status).end(answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return calls;
}

/** A token that says who it is for; nobody checks it here. */
const TOKEN = `x.${Buffer.from(JSON.stringify({ sub: "ada/é" })).toString("base64url")}.x`;

test("WEB-7: calls carry the token that is asked for each time, their query and their body", async () => {
  let asked = 0;
  const calls = await answering(200, "{}", async (url) => {
    const rest = new RestClient(url, () => (++asked === 1 ? "first" : Promise.resolve("second")));
    await rest.rooms({ scope: "mine", search: "a b&c", limit: 5 });
    await rest.createRoom({ name: "Café", private: true });
    await rest.operations("r?", { from_version: 0 });
    await rest.snapshot("r");
    await new RestClient(url).signInGuest("Ada");
  });
  assert.deepEqual(calls, [
    { method: "GET", url: "/api/rooms?scope=mine&search=a+b%26c&limit=5", token: "Bearer first", body: null },
    { method: "POST", url: "/api/rooms", token: "Bearer second", body: { name: "Café", private: true } },
    { method: "GET", url: "/api/sync/r%3F/operations?from_version=0", token: "Bearer second", body: null },
    { method: "GET", url: "/api/sync/r/snapshot", token: "Bearer second", body: null },
    { method: "POST", url: "/api/auth/guest", token: undefined, body: { name: "Ada" } },
  ]);
});

test("WEB-7: leaving names the user whom the token stands for", async () => {
  const calls = await answering(204, "", async (url) => {
    await new RestClient(url, () => TOKEN).leave("r");
    await assert.rejects(new RestClient(url, () => "no token").leave("r"), UnauthenticatedError);
  });
  assert.deepEqual(
    calls.map(({ method, url }) => [method, url]),
    [["POST", "/api/users/ada%2F%C3%A9/rooms/r/leave"]],
  );
});

test("WEB-7: a problem document becomes its error; what is none, and a server that is away, UnavailableError", async () => {
  const problem = JSON.stringify({ code: "forbidden", detail: "Members only.", status: 403 });
  await answering(403, problem, (url) =>
    assert.rejects(new RestClient(url).room("r"), (error) => {
      assert.ok(error instanceof ForbiddenError);
      assert.equal(error.code, "forbidden");
      assert.equal(error.message, "Members only.");
      return true;
    }),
  );
  for (const [status, answer] of [
    [502, "<html>Bad gateway</html>"],
    [500, "[]"],
    [200, "<html>Welcome to this network</html>"],
  ] as const) {
    await answering(status, answer, (url) => assert.rejects(new RestClient(url).room("r"), UnavailableError));
  }
  let gone = "";
  await answering(200, "{}", async (url) => {
    gone = url;
  });
  await assert.rejects(new RestClient(gone).room("r"), UnavailableError);
});

test("WEB-7: a call can be given up", () =>
  answering(200, "{}", async (url) => {
    const signal = AbortSignal.abort(new Error("no longer wanted"));
    await assert.rejects(new RestClient(url).operations("r", {}, { signal }), /no longer wanted/);
  }).then(() => undefined));

test("WEB-8: an address with a path, a socket's address, and one that is none", () => {
  assert.deepEqual(addressesOf("https://example.org/rooms/"), {
    rest: "https://example.org/rooms",
    socket: "wss://example.org/rooms/ws",
    socketio: { origin: "https://example.org", path: "/rooms/socket.io/" },
  });
  assert.equal(addressesOf("ws://localhost:8000/ws").rest, "http://localhost:8000");
  assert.equal(addressesOf("http://localhost:8000").socket, "ws://localhost:8000/ws");
  for (const none of ["", "localhost:8000", "ftp://example.org", "/ws"]) {
    assert.throws(() => addressesOf(none), InvalidError);
  }
  assert.ok(new InvalidError("") instanceof RayroomsError);
});

test("WEB-9: waits grow up to a bound and are jittered in full", () => {
  const timing = { ...DEFAULT_TIMING, retryFirst: 100, retryMost: 1000 };
  const most = [0, 1, 2, 3, 4, 100].map((attempt) => backoff(timing, attempt, () => 1));
  assert.deepEqual(most, [100, 200, 400, 800, 1000, 1000]);
  assert.equal(
    backoff(timing, 3, () => 0),
    0,
  );
});
