/** When a client tries again and when it gives up on a connection. */

import type { RayroomsError } from "./errors.ts";

/**
 * All in milliseconds.
 *
 * Waits before a new try grow from `retryFirst` to `retryMost`. A connection is given up when a ping stays unanswered
 * for `deadAfter`, when edits are not acknowledged for `unackedAfter`, when a join is not answered for `joinTimeout`,
 * and, once there is reason to doubt it (the page was asleep, the network changed), when a ping stays unanswered for
 * `probeTimeout`.
 */
export interface Timing {
  /** Keeps proxies from closing a quiet connection. */
  pingEvery: number;
  deadAfter: number;
  unackedAfter: number;
  joinTimeout: number;
  connectTimeout: number;
  probeTimeout: number;
  retryFirst: number;
  retryMost: number;
  /** How long closing waits for unsaved edits. */
  closeTimeout: number;
  /** How often the connection is looked after. Browsers stretch it in hidden pages: everything is judged by clock. */
  tick: number;
}

export const DEFAULT_TIMING: Timing = {
  pingEvery: 20_000,
  deadAfter: 25_000,
  unackedAfter: 15_000,
  joinTimeout: 15_000,
  connectTimeout: 10_000,
  probeTimeout: 3_000,
  retryFirst: 250,
  retryMost: 15_000,
  closeTimeout: 10_000,
  tick: 1_000,
};

/**
 * How long to wait before try number `attempt` (from 0): anything up to a bound that doubles each time; `random` gives
 * a number in [0, 1).
 *
 * Full jitter, as in Brooker, "Exponential Backoff and Jitter" (2015): clients that lost one server do not all come
 * back at once.
 */
export function backoff(timing: Timing, attempt: number, random: () => number): number {
  return random() * Math.min(timing.retryMost, timing.retryFirst * 2 ** Math.min(attempt, 32));
}

/** The same after a refusal: no sooner than the server asked for, within `retryMost`. */
export function pause(timing: Timing, attempt: number, error: RayroomsError | null, random: () => number): number {
  const asked = Math.min(Math.max((error?.retryAfter ?? 0) * 1000, 0), timing.retryMost);
  return asked + backoff(timing, attempt, random);
}
