/** Rules NB-24 to NB-26: which ways there are, and for whom. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isReachable, isSameServer, ladderOf, noWay, waysOf } from "../src/session/ways.ts";

const HUB = "https://hub.example/user/ada/lab/tree/a.ipynb";
const LAPTOP = "http://localhost:8888/lab";
const OPEN = { direct: "http://a", proxy: "http://b" };

test("NB-24: a page goes direct only where its browser may, and to the machine that is meant", () => {
  const cases: [page: string, target: string, isReachable: boolean][] = [
    [LAPTOP, "http://127.0.0.1:8000", true],
    [LAPTOP, "http://[::1]:8000", true],
    [LAPTOP, "http://rooms.example", true],
    [LAPTOP, "https://rooms.example", true],
    ["https://localhost:8888/lab", "ws://127.0.0.1:8000", true],
    ["https://localhost:8888/lab", "http://rooms.example", false],
    [HUB, "https://rooms.example", true],
    [HUB, "wss://rooms.example/ws", true],
    [HUB, "http://rooms.example", false],
    [HUB, "http://127.0.0.1:8000", false],
    [HUB, "https://localhost:8000", false],
    ["http://192.168.1.5:8888/lab", "http://127.0.0.1:8000", false],
    ["http://192.168.1.5:8888/lab", "http://192.168.1.5:8000", true],
    ["vscode-webview://1x2y/index.html", "http://127.0.0.1:8000", false],
  ];
  for (const [page, target, expected] of cases) {
    assert.equal(isReachable(page, target), expected, `${target} from ${page}`);
  }
});

test("NB-25: who is vouched for goes only where the extension says, others also where the widget does", () => {
  const url = "https://rooms.example";
  const proxy = (publicUrl: string | null) => ({ href: HUB, url, proxy: { url: "https://hub.example/p", publicUrl } });
  const closed = { direct: null, proxy: "https://hub.example/p" };
  assert.deepEqual(waysOf("verified", proxy(null)), closed);
  assert.deepEqual(waysOf("guest", proxy(null)), { ...closed, direct: url });
  for (const kind of ["verified", "guest"] as const) {
    assert.deepEqual(waysOf(kind, proxy("https://public.example/")), { ...closed, direct: "https://public.example" });
    assert.deepEqual(waysOf(kind, proxy("http://public.example")), closed);
  }
  assert.deepEqual(waysOf("verified", { href: HUB, url, proxy: null }), { direct: null, proxy: null });
});

test("NB-25: the extension counts when it leads to the widget's server, by whatever name of this machine", () => {
  assert.ok(isSameServer("http://127.0.0.1:8000", "http://localhost:8000/"));
  assert.ok(isSameServer("https://rooms.example", "wss://rooms.example:443/ws"));
  assert.ok(!isSameServer("http://127.0.0.1:8000", "http://127.0.0.1:8001"));
  assert.ok(!isSameServer("http://rooms.example", "https://rooms.example"));
  assert.ok(!isSameServer("https://rooms.example/a", "https://rooms.example/b"));
});

test("NB-26: auto has all ways that are open, best first; a transport that is asked for is the only one", () => {
  assert.deepEqual(ladderOf("auto", "guest", OPEN), ["direct", "proxy", "relay"]);
  assert.deepEqual(ladderOf("auto", "guest", { ...OPEN, direct: null }), ["proxy", "relay"]);
  assert.deepEqual(ladderOf("auto", "verified", OPEN), ["direct", "proxy"]);
  assert.deepEqual(ladderOf("auto", "kernel", OPEN), ["relay"]);
  for (const choice of ["direct", "proxy", "relay"] as const)
    assert.deepEqual(ladderOf(choice, "guest", OPEN), [choice]);
  assert.deepEqual(ladderOf("proxy", "guest", { ...OPEN, proxy: null }), []);
  assert.deepEqual(ladderOf("relay", "verified", OPEN), []);
  assert.deepEqual(ladderOf("direct", "kernel", OPEN), []);
});

test("NB-26: when the transport that is asked for cannot be used, the sentence says why", () => {
  const around = { href: HUB, url: "http://rooms.example", proxy: null };
  assert.match(noWay("direct", around).message, /hub\.example.*cannot reach http:\/\/rooms\.example/);
  assert.match(noWay("proxy", around).message, /no rayrooms extension that leads to http:\/\/rooms\.example/);
  const fenced = { ...around, proxy: { url: "https://hub.example/p", publicUrl: null } };
  assert.match(noWay("direct", fenced).message, /public_url/);
});
