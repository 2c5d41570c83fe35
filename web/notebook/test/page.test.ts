/** Rule NB-34: the Jupyter page around a view. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Browser, jupyterPage } from "../src/page.ts";

const HREF = "https://hub.example/user/ada/lab/tree/a.ipynb?token=secret";

interface Asked {
  url: string;
  headers: unknown;
}

function browser({ config, cookie = "", me }: { config?: string; cookie?: string; me?: unknown }): {
  browser: Browser;
  asked: Asked[];
} {
  const asked: Asked[] = [];
  return {
    asked,
    browser: {
      location: { href: HREF },
      document: {
        cookie,
        getElementById: (id: string) =>
          (id === "jupyter-config-data" && config !== undefined ? { textContent: config } : null) as HTMLElement | null,
      },
      fetch: async (input, init) => {
        asked.push({ url: String(input), headers: init?.headers });
        if (me === undefined) throw new TypeError("no network");
        return Response.json(me, { status: me === null ? 403 : 200 });
      },
    },
  };
}

const CONFIG = JSON.stringify({ baseUrl: "/user/ada/" });
const withAwareness = (user: unknown) => ({
  widget_manager: { context: { model: { sharedModel: { awareness: { getLocalState: () => ({ user }) } } } } },
});

test("NB-34: the server's base URL is what the page tells, absolute; a page may tell none", () => {
  const bases: [config: string | undefined, baseUrl: string | null][] = [
    [CONFIG, "https://hub.example/user/ada/"],
    [JSON.stringify({ baseUrl: "https://hub.example/x" }), "https://hub.example/x/"],
    [JSON.stringify({ baseUrl: "/" }), "https://hub.example/"],
    [JSON.stringify({}), null],
    ["{", null],
    ["null", null],
    [undefined, null],
  ];
  for (const [config, baseUrl] of bases) {
    const page = jupyterPage({}, browser(config === undefined ? {} : { config }).browser);
    assert.equal(page.baseUrl, baseUrl);
  }
});

test("NB-34: requests carry the XSRF token of the cookie as it is then", () => {
  const { browser: at } = browser({ config: CONFIG });
  const document = { ...at.document, cookie: "" };
  const page = jupyterPage({}, { ...at, document });
  assert.deepEqual(page.headers(), {});
  document.cookie = "a_xsrf=no; _xsrf=2|ab|cd; username=x";
  assert.deepEqual(page.headers(), { "X-XSRFToken": "2|ab|cd" });
});

test("NB-34: who is logged in comes from the Jupyter server, by the name that is shown", async () => {
  const identity = { username: "ada", name: "Ada L.", display_name: "Ada Lovelace", color: null };
  const { browser: at, asked } = browser({ config: CONFIG, cookie: "_xsrf=t", me: { identity } });
  assert.deepEqual(await jupyterPage({}, at).user(), { username: "ada", name: "Ada Lovelace" });
  assert.deepEqual(asked, [{ url: "https://hub.example/user/ada/api/me", headers: { "X-XSRFToken": "t" } }]);
});

test("NB-34: a username that Jupyter made up is nobody's login", async () => {
  const identity = { username: "0123456789abcdef0123456789abcdef", name: "Anonymous Io", display_name: "Anonymous Io" };
  const { browser: at } = browser({ config: CONFIG, me: { identity } });
  assert.deepEqual(await jupyterPage({}, at).user(), { username: null, name: "Anonymous Io" });
});

test("NB-34: failing that, it is whom jupyter-collaboration shows; failing all, nobody", async () => {
  const shown = withAwareness({ username: "0123456789abcdef0123456789abcdef", display_name: "", name: "Bob" });
  for (const me of [undefined, null, { identity: 3 }, { identity: { name: " " } }, 7]) {
    const { browser: at } = browser(me === undefined ? { config: CONFIG } : { config: CONFIG, me });
    assert.deepEqual(await jupyterPage(shown, at).user(), { username: null, name: "Bob" });
  }
  const hostile = {
    get widget_manager(): unknown {
      throw new Error("moved");
    },
  };
  const { browser: at } = browser({});
  for (const model of [{}, { widget_manager: {} }, withAwareness(null), withAwareness({ name: 3 }), hostile]) {
    assert.equal(await jupyterPage(model, at).user(), null);
  }
});
