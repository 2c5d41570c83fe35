/** The server as the admin page last saw it, seen anew every two seconds. Pure but for what it is given. */

import { signal } from "@preact/signals";
import type { AdminRoomPage, AdminRoomQuery, ClusterStatus } from "./bodies.ts";

export const EVERY_MS = 2_000;

/** One look. `rooms` is null when they could not be fetched, for the reason in `trouble`. */
export interface Seen {
  status: ClusterStatus;
  rooms: AdminRoomPage | null;
  trouble: unknown;
  /** Milliseconds since 1970. */
  at: number;
}

export interface OverviewOptions {
  status: () => Promise<ClusterStatus>;
  rooms: (query: AdminRoomQuery) => Promise<AdminRoomPage>;
  /** Calls back after so many milliseconds; returns what cancels that. */
  after: (ms: number, callback: () => void) => () => void;
  now: () => number;
  /** Whether an error means that asking again is of no use. */
  isRefusal: (error: unknown) => boolean;
}

export class Overview {
  /** Null before the first answer, and once refused. */
  readonly seen = signal<Seen | null>(null);
  /** What the last look failed with, null when it did not; what was seen before stays, unless it is a refusal. */
  readonly error = signal<unknown>(null);
  readonly refused = signal(false);
  readonly awake = signal(true);
  /** From 1. */
  readonly pageNumber = signal(1);
  /** Whether another page of rooms was asked for and is not here yet. */
  readonly turning = signal(false);

  readonly #options: OverviewOptions;
  #running = false;
  /** Answers to an earlier question are not for the present page. */
  #asked = 0;
  #cancel: () => void = () => undefined;
  /** The `after` of the present page of rooms, behind those of the pages before. */
  #trail: string[] = [""];

  constructor(options: OverviewOptions) {
    this.#options = options;
  }

  /** Look now, and from then on again and again. */
  start(): void {
    if (this.#running || this.refused.value) return;
    this.#running = true;
    void this.#look();
  }

  /** Look no more; an answer that is still on its way is not shown. */
  stop(): void {
    this.#running = false;
    this.#asked += 1;
    this.#cancel();
  }

  /** Look now instead of in a while. */
  again(): void {
    if (this.#running) void this.#look();
  }

  /** List the rooms in memory, or all. */
  show(awake: boolean): void {
    this.awake.value = awake;
    this.#turnTo([""]);
  }

  nextPage(): void {
    const next = this.seen.value?.rooms?.next ?? null;
    if (next !== null && !this.turning.value) this.#turnTo([...this.#trail, next]);
  }

  previousPage(): void {
    if (this.#trail.length > 1) this.#turnTo(this.#trail.slice(0, -1));
  }

  #turnTo(trail: string[]): void {
    this.#trail = trail;
    this.pageNumber.value = trail.length;
    this.turning.value = true;
    this.again();
  }

  async #look(): Promise<void> {
    this.#cancel();
    this.#asked += 1;
    const ticket = this.#asked;
    const { status, rooms, now, after, isRefusal } = this.#options;
    const query = { awake: this.awake.value, after: this.#trail.at(-1) ?? "" };
    const [server, page] = await Promise.allSettled([status(), rooms(query)]);
    if (ticket !== this.#asked) return;
    this.turning.value = false;
    if (server.status === "fulfilled") {
      const listed = page.status === "fulfilled" ? page.value : null;
      const trouble = page.status === "rejected" ? page.reason : null;
      this.seen.value = { status: server.value, rooms: listed, trouble, at: now() };
      this.error.value = null;
    } else {
      this.error.value = server.reason;
      if (isRefusal(server.reason)) {
        this.seen.value = null;
        this.refused.value = true;
        this.#running = false;
        return;
      }
    }
    this.#cancel = after(EVERY_MS, () => void this.#look());
  }
}
