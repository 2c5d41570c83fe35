/** Who is signed in: kept in the browser and shared by its tabs, renewed in good time. Pure but for what it is given. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { UnauthenticatedError } from "../../client/src/errors.ts";
import { type PageStorage, readItem, writeItem } from "./storage.ts";

/** What signing in and renewing answer; times are ISO 8601. */
export interface SignedIn {
  token: string;
  user_id: string;
  name: string;
  expires_at: string;
}

/** A sign-in, and when this browser got it, in milliseconds since 1970. */
export interface Session extends SignedIn {
  obtained_at: number;
}

export interface SessionOptions {
  /** What outlives the page; null where the browser has none. */
  storage: PageStorage | null;
  /** Milliseconds since 1970. */
  now: () => number;
  signIn: (name: string) => Promise<SignedIn>;
  /** Exchange a token that holds for a fresh one of the same user. */
  renew: (token: string) => Promise<SignedIn>;
}

export const SESSION_KEY = "rayrooms.session";
const NAME_KEY = "rayrooms.name";
/** A renewal that failed is not tried again sooner. */
const RENEWAL_PAUSE_MS = 60_000;

export class SessionKeeper {
  readonly #options: SessionOptions;
  readonly #session = signal<Session | null>(null);
  readonly #ended = signal(false);
  #renewal: Promise<void> | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;

  /** The present user; null when nobody is signed in. */
  readonly user: ReadonlySignal<{ id: string; name: string } | null> = computed(() => {
    const session = this.#session.value;
    return session && { id: session.user_id, name: session.name };
  });

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#session.value = parseSession(readItem(this.#options.storage, SESSION_KEY));
  }

  /** Whether the last session ended because the server would not have its token any more. */
  get ended(): boolean {
    return this.#ended.value;
  }

  /** What the last user of this browser was called; empty before the first. */
  get lastName(): string {
    return this.#session.value?.name ?? readItem(this.#options.storage, NAME_KEY) ?? "";
  }

  /** Sign in by name. Raises what the server refuses with. */
  async signIn(name: string): Promise<void> {
    this.#keep(await this.#options.signIn(name));
  }

  signOut(): void {
    this.#drop(false);
  }

  /** A token that holds. Raises UnauthenticatedError when nobody is signed in (any more). */
  async token(): Promise<string> {
    const session = this.#session.value;
    if (session === null) throw new UnauthenticatedError("You are not signed in.");
    if (renewalDue(session, this.#options.now())) await this.#renew();
    const token = this.#session.value?.token;
    if (token === undefined) throw new UnauthenticatedError("Your sign-in has ended.");
    return token;
  }

  /** The server refused `token`. One that was replaced since, by another tab say, ends nothing. */
  refused(token: string | null = this.#session.value?.token ?? null): void {
    if (token !== null && token === this.#session.value?.token) this.#drop(true);
  }

  /** The user is called `name` from now on. Resolves once the token says so too, if it can be renewed now. */
  async renamed(name: string): Promise<void> {
    await this.#renewal; // it may have begun under the old name
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    await this.#renew();
    const session = this.#session.value;
    if (session !== null && session.name !== name) this.#store({ ...session, name });
  }

  /** What another tab wrote under `key` (null: it cleared everything). */
  storageChanged(key: string | null, value: string | null): void {
    if (key !== SESSION_KEY && key !== null) return;
    const session = parseSession(value);
    if (session !== null) this.#ended.value = false;
    this.#session.value = session;
  }

  /** One renewal at a time. A server that cannot renew now leaves the token as it is. */
  #renew(): Promise<void> {
    const due = this.#options.now() - this.#renewedAt >= RENEWAL_PAUSE_MS;
    if (this.#renewal === null && due) {
      this.#renewal = this.#attemptRenewal().finally(() => {
        this.#renewal = null;
      });
    }
    return this.#renewal ?? Promise.resolve();
  }

  async #attemptRenewal(): Promise<void> {
    const before = this.#session.value;
    if (before === null) return;
    this.#renewedAt = this.#options.now();
    try {
      const fresh = await this.#options.renew(before.token);
      // Someone else may have signed in, here or in another tab, while the answer was on its way.
      if (this.#session.value?.user_id === before.user_id) this.#keep(fresh);
    } catch (error) {
      // Anything else (no network, a token that is not the server's to renew) leaves the token to its own end.
      if (error instanceof UnauthenticatedError) this.refused(before.token);
    }
  }

  #keep(signedIn: SignedIn): void {
    const { token, user_id, name, expires_at } = signedIn;
    this.#store({ token, user_id, name, expires_at, obtained_at: this.#options.now() });
  }

  #store(session: Session): void {
    this.#ended.value = false;
    this.#session.value = session;
    writeItem(this.#options.storage, SESSION_KEY, JSON.stringify(session));
    writeItem(this.#options.storage, NAME_KEY, session.name);
  }

  #drop(ended: boolean): void {
    this.#ended.value = ended;
    this.#session.value = null;
    writeItem(this.#options.storage, SESSION_KEY, null);
  }
}

/** Whether less than a third of the token's life is left; a life that cannot be told is not renewed. */
export function renewalDue(session: Session, now: number): boolean {
  const end = Date.parse(session.expires_at);
  const life = end - session.obtained_at;
  return life > 0 && end - now < life / 3;
}

/** A stored session; null for none, and for anything that is not one. */
export function parseSession(stored: string | null): Session | null {
  if (stored === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(stored);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { token, user_id, name, expires_at, obtained_at } = value as Partial<Record<keyof Session, unknown>>;
  if (typeof token !== "string" || typeof user_id !== "string" || typeof name !== "string") return null;
  if (typeof expires_at !== "string" || typeof obtained_at !== "number") return null;
  return { token, user_id, name, expires_at, obtained_at };
}
