/** Telling an application what happens: listeners by event, and waiting for a condition. */

import type { RayroomsError } from "./errors.ts";

/** Listeners by name of event, told in order. One that throws is reported and harms nobody else. */
export class Listeners<Events extends object> {
  readonly #byEvent = new Map<keyof Events, Set<(data: never) => void>>();
  readonly #waiting: (() => void)[] = [];
  #telling = false;

  /** Calls `listener` with each event of that name. Returns what takes that back. */
  on<E extends keyof Events>(event: E, listener: (data: Events[E]) => void): () => void {
    let listeners = this.#byEvent.get(event);
    if (listeners === undefined) {
      listeners = new Set();
      this.#byEvent.set(event, listeners);
    }
    const own = (data: Events[E]) => listener(data); // so that one function may listen twice
    listeners.add(own);
    return () => listeners.delete(own);
  }

  /** Put an event in line. */
  post<E extends keyof Events>(event: E, data: Events[E]): void {
    this.#waiting.push(() => this.#call(event, data));
  }

  /** Tell all events in line, also those that listeners bring about: everybody learns of each before the next. */
  tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next();
    this.#telling = false;
  }

  #call<E extends keyof Events>(event: E, data: Events[E]): void {
    for (const listener of [...(this.#byEvent.get(event) ?? [])]) {
      try {
        (listener as (data: Events[E]) => void)(data);
      } catch (error) {
        report(error);
      }
    }
  }
}

/** As the platform does with an error in a listener: the console of a page, `uncaughtException` in Node. */
function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}

interface Waiting {
  holds: () => boolean;
  resolve: () => void;
  reject: (error: RayroomsError) => void;
}

/** Waits for something to become true, looked at whenever anything happened. */
export class Conditions {
  readonly #waiting = new Set<Waiting>();

  /** Resolves once `holds()`; rejects with what `fail` is given, or with `late` after `timeout` milliseconds. */
  wait(holds: () => boolean, timeout?: number, late?: () => RayroomsError): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const waiting: Waiting = {
        holds,
        resolve: () => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve();
        },
        reject: (error) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          reject(error);
        },
      };
      this.#waiting.add(waiting);
      if (timeout !== undefined && late !== undefined) timer = setTimeout(() => waiting.reject(late()), timeout);
    });
  }

  /** Something happened. */
  look(): void {
    for (const waiting of [...this.#waiting]) if (waiting.holds()) waiting.resolve();
  }

  /** None of it will ever be true. */
  fail(error: RayroomsError): void {
    for (const waiting of [...this.#waiting]) waiting.reject(error);
  }
}
