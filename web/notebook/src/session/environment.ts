/** What a session needs of the browser, and how it gets through a kernel. */

import { type EditStore, openEditStore } from "../../../client/src/store/edit-store.ts";
import type { Timing } from "../../../client/src/timing.ts";
import type { Connect } from "../../../client/src/transport/connection.ts";
import type { KernelChannel } from "../channel.ts";
import { relay } from "../relay/index.ts";
import type { GuestShelf } from "./guests.ts";
import type { LadderOptions } from "./ladder.ts";

export interface SessionEnvironment {
  readonly fetch: typeof fetch;
  readonly shelf: GuestShelf;
  /** Milliseconds since 1970. */
  readonly time: () => number;
  readonly timers: LadderOptions;
  /** Null where edits cannot be kept. */
  /** Makes the transport through a kernel. */
  readonly relay: (channel: KernelChannel) => Connect;
  readonly openStore: () => Promise<EditStore | null>;
  /** When to try again and when to give up, where it is not as usual. */
  readonly timing?: Partial<Timing>;
}

export function browserEnvironment(): SessionEnvironment {
  return {
    fetch: (input, init) => fetch(input, init),
    shelf,
    time: Date.now,
    timers: {
      now: () => performance.now(),
      after: (milliseconds, what) => {
        const timer = setTimeout(what, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    relay,
    openStore: openEditStore,
  };
}

/** What guests the page has met; all there is where storage is shut. */
const met = new Map<string, string>();
/** The last work for each key, for pages without Web Locks (those that came by plain http from another machine). */
const queues = new Map<string, Promise<unknown>>();

const shelf: GuestShelf = {
  read: (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return met.get(key) ?? null;
    }
  },
  write: (key, value) => {
    if (value === null) met.delete(key);
    else met.set(key, value);
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      // Storage is shut: the guest lasts as long as the page.
    }
  },
  alone: async (key, work) => {
    if (navigator.locks !== undefined) return navigator.locks.request(key, work);
    const done = (queues.get(key) ?? Promise.resolve()).then(work, work);
    queues.set(key, done);
    return done;
  },
};
