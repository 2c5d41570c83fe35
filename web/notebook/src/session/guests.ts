/** Guests: who takes part by a name alone, kept in the browser so that a reload stays the same user. */

import { parseSession, renewalDue, type Session, type SignedIn } from "../../../app/src/session.ts";
import { ForbiddenError, UnauthenticatedError, UnavailableError } from "../../../client/src/errors.ts";
import type { JupyterUser } from "../page.ts";
import type { Credentials, Identity } from "./identity.ts";

export interface GuestOptions {
  /** Of the room server, as the widget names it. */
  readonly server: string;
  readonly shelf: GuestShelf;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The ways to sign in, best first. */
  readonly signIn: readonly ((name: string) => Promise<SignedIn>)[];
  /** The ways to exchange a token that holds for a fresh one of the same user. */
  readonly renew: readonly ((token: string) => Promise<SignedIn>)[];
  readonly user: () => Promise<JupyterUser | null>;
}

/** A guest, and the Jupyter user whose name it has, where that has a login. */
interface Stored {
  readonly session: Session;
  readonly login: string | null;
}

/** Where guests are kept by server. */
export interface GuestShelf {
  read(key: string): string | null;
  /** Null takes away what is there. */
  write(key: string, value: string | null): void;
  /** Runs `work` while nobody else in this browser runs any for `key`. */
  alone<T>(key: string, work: () => Promise<T>): Promise<T>;
}

const NO_NAME = "Guest";
/** Characters that a name may have, at most: the server's limit. */
const MAX_NAME = 100;
/** A renewal that failed is not tried again sooner, in milliseconds. */
const RENEWAL_PAUSE = 60_000;

/**
 * The guest of this browser, signed in first if there is none, or if the one there was is somebody else's who logged in
 * to Jupyter here.
 *
 * Rejects with ForbiddenError when the server admits no guests, and with why the last way failed when none works.
 */
export async function enterAsGuest(options: GuestOptions): Promise<GuestCredentials> {
  const { server, shelf } = options;
  const key = keyOf(server);
  const user = await options.user();
  return shelf.alone(key, async () => {
    const kept = read(shelf, key);
    if (kept !== null && !isOfAnother(kept, user)) return new GuestCredentials(kept, options, false);
    const name = user === null ? NO_NAME : shorten(user.name) || NO_NAME;
    const fresh = { session: await signIn(options, name), login: user?.username ?? null };
    write(shelf, key, fresh);
    return new GuestCredentials(fresh, options, true);
  });
}

/** One guest for the life of a session. Their token is renewed when less than a third of its life is left. */
export class GuestCredentials implements Credentials {
  readonly identity: Identity;
  readonly isNew: boolean;
  readonly #options: GuestOptions;
  readonly #login: string | null;
  #session: Session;
  #refused: string | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #renewal: Promise<void> | null = null;

  constructor({ session, login }: Stored, options: GuestOptions, isNew: boolean) {
    this.isNew = isNew;
    this.identity = { kind: "guest", userId: session.user_id, name: session.name };
    this.#options = options;
    this.#login = login;
    this.#session = session;
  }

  async token(): Promise<string | null> {
    const { now, shelf, server } = this.#options;
    const kept = read(shelf, keyOf(server))?.session;
    if (kept?.user_id === this.identity.userId) this.#session = kept; // maybe renewed in another tab
    if (this.#isRefused) return null;
    const isDue = renewalDue(this.#session, now()) && now() - this.#renewedAt >= RENEWAL_PAUSE;
    if (isDue) {
      this.#renewal ??= this.#renew().finally(() => {
        this.#renewal = null;
      });
    }
    await this.#renewal;
    return this.#isRefused ? null : this.#session.token;
  }

  refused(token: string): void {
    if (token !== this.#session.token) return;
    this.#refused = token;
    const { shelf, server } = this.#options;
    const key = keyOf(server);
    if (read(shelf, key)?.session.token === token) shelf.write(key, null);
  }

  get #isRefused(): boolean {
    return this.#session.token === this.#refused;
  }

  async #renew(): Promise<void> {
    const { now, renew, shelf, server } = this.#options;
    const { token } = this.#session;
    this.#renewedAt = now();
    for (const way of renew) {
      try {
        const fresh = await way(token);
        if (fresh.user_id !== this.identity.userId) continue;
        this.#session = { ...fresh, obtained_at: now() };
        write(shelf, keyOf(server), { session: this.#session, login: this.#login });
        return;
      } catch (error) {
        // Whatever else it is leaves the token to its own end.
        if (error instanceof UnauthenticatedError) {
          this.refused(token);
          return;
        }
      }
    }
  }
}

async function signIn({ signIn: ways, now }: GuestOptions, name: string): Promise<Session> {
  let failure: unknown = new UnavailableError("There is no way to sign in to the room server.");
  for (const way of ways) {
    try {
      const { token, user_id, name: given, expires_at } = await way(name);
      return { token, user_id, name: given, expires_at, obtained_at: now() };
    } catch (error) {
      if (error instanceof ForbiddenError) throw error; // the server's own word
      failure = error;
    }
  }
  throw failure;
}

function keyOf(server: string): string {
  return `rayrooms.guest ${server}`;
}

function read(shelf: GuestShelf, key: string): Stored | null {
  const text = shelf.read(key);
  const session = parseSession(text);
  if (text === null || session === null) return null;
  const { login } = JSON.parse(text) as { login?: unknown };
  return { session, login: typeof login === "string" ? login : null };
}

function write(shelf: GuestShelf, key: string, { session, login }: Stored): void {
  shelf.write(key, JSON.stringify({ ...session, login }));
}

function isOfAnother(stored: Stored, user: JupyterUser | null): boolean {
  const login = user?.username ?? null;
  return stored.login !== null && login !== null && stored.login !== login;
}

function shorten(name: string): string {
  return Array.from(name).slice(0, MAX_NAME).join("").trim();
}
