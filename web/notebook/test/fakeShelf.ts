/** A browser's memory of its guests. */

import type { GuestShelf } from "../src/session/guests.ts";

export class FakeShelf implements GuestShelf {
  readonly kept = new Map<string, string>();
  #queue: Promise<unknown> = Promise.resolve();

  read(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  write(key: string, value: string | null): void {
    if (value === null) this.kept.delete(key);
    else this.kept.set(key, value);
  }

  alone<T>(_key: string, work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work, work);
    this.#queue = done;
    return done;
  }
}
