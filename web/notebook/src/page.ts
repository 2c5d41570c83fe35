/** The Jupyter page around a view: where its server is, and who is logged in there. */

import { isObject } from "../../client/src/transport/connection.ts";
import type { WidgetModel } from "./model.ts";

/** Who Jupyter says is at the page. */
export interface JupyterUser {
  /** The login; null where it is not known, or made up by Jupyter anew for each login. */
  readonly username: string | null;
  /** To be shown. */
  readonly name: string;
}

export interface JupyterPage {
  /** The page's own address. */
  readonly href: string;
  /** Of the Jupyter server, absolute and with a slash at its end; null on pages that tell of none. */
  readonly baseUrl: string | null;
  /** The headers that Jupyter wants of a request that its own page makes; read anew, as the cookie may change. */
  headers(): Record<string, string>;
  /** Null where nobody can be told. Never rejects. */
  user(): Promise<JupyterUser | null>;
}

/** What is needed of a browser. */
export interface Browser {
  readonly location: Pick<Location, "href">;
  readonly document: Pick<Document, "cookie" | "getElementById">;
  readonly fetch: typeof fetch;
}

const ANSWER_WITHIN_MS = 5_000;
/** The usernames that Jupyter makes up for people who come by a token or with no login at all. */
const MADE_UP = /^[0-9a-f]{32}$/;

export function jupyterPage(model: Pick<WidgetModel, "widget_manager">, browser: Browser = window): JupyterPage {
  const { href } = browser.location;
  const baseUrl = baseUrlOf(browser);
  const headers = () => xsrfHeaders(browser.document.cookie);
  return {
    href,
    baseUrl,
    headers,
    user: async () => (await loggedIn(baseUrl, headers(), browser.fetch)) ?? collaborator(model),
  };
}

/** As JupyterLab, Notebook 7 and Voilà write it into their pages. */
export function baseUrlOf({ location, document }: Browser): string | null {
  try {
    const config: unknown = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "null");
    const { baseUrl } = isObject(config) ? config : {};
    if (typeof baseUrl !== "string") return null;
    const { origin, pathname } = new URL(baseUrl, location.href);
    return origin + (pathname.endsWith("/") ? pathname : `${pathname}/`);
  } catch {
    return null;
  }
}

/** JupyterHub wants this of every request to an API, reading ones too. */
function xsrfHeaders(cookies: string): Record<string, string> {
  const token = /(?:^|;\s*)_xsrf=([^;]*)/.exec(cookies)?.[1];
  return token === undefined ? {} : { "X-XSRFToken": token };
}

async function loggedIn(
  baseUrl: string | null,
  headers: Record<string, string>,
  get: typeof fetch,
): Promise<JupyterUser | null> {
  if (baseUrl === null) return null;
  try {
    const response = await get(`${baseUrl}api/me`, {
      headers,
      credentials: "same-origin",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (!response.ok) return null;
    const answer: unknown = await response.json();
    const { identity } = isObject(answer) ? answer : {};
    return userOf(identity);
  } catch {
    return null;
  }
}

/** Whom jupyter-collaboration shows to the others. This is no documented interface: whatever is not there is no user. */
function collaborator(model: Pick<WidgetModel, "widget_manager">): JupyterUser | null {
  try {
    const path = ["context", "model", "sharedModel", "awareness"];
    let awareness: unknown = model.widget_manager;
    for (const name of path) awareness = isObject(awareness) ? awareness[name] : undefined;
    const { getLocalState } = isObject(awareness) ? awareness : {};
    const state: unknown = typeof getLocalState === "function" ? getLocalState.call(awareness) : null;
    const { user } = isObject(state) ? state : {};
    return userOf(user);
  } catch {
    return null;
  }
}

function userOf(value: unknown): JupyterUser | null {
  const { username, display_name, name } = isObject(value) ? value : {};
  const shown = [display_name, name, username].find((one) => typeof one === "string" && one.trim() !== "");
  if (typeof shown !== "string") return null;
  const isLogin = typeof username === "string" && username !== "" && !MADE_UP.test(username);
  return { username: isLogin ? username : null, name: shown.trim() };
}
