/** Questions to the room that await their answers, by `ref`. */

import type { RayroomsError } from "./errors.ts";

interface Asked {
  resolve: (version: number | null) => void;
  reject: (error: RayroomsError) => void;
}

export class Requests {
  readonly #asked = new Map<number, Asked>();

  /** Resolves with what `answer` is given for `ref`; rejects with what `refuse` or `fail` is given. */
  ask(ref: number): Promise<number | null> {
    return new Promise((resolve, reject) => this.#asked.set(ref, { resolve, reject }));
  }

  /** Returns whether anybody asked. `version` is the room's, where that was the question. */
  answer(ref: number, version: number | null): boolean {
    return this.#take(ref, (asked) => asked.resolve(version));
  }

  /** Returns whether anybody asked. */
  refuse(ref: number | null, error: RayroomsError): boolean {
    return ref !== null && this.#take(ref, (asked) => asked.reject(error));
  }

  /** No answer to what was asked so far will come. */
  fail(error: RayroomsError): void {
    for (const ref of [...this.#asked.keys()]) this.refuse(ref, error);
  }

  #take(ref: number, settle: (asked: Asked) => void): boolean {
    const asked = this.#asked.get(ref);
    if (asked === undefined) return false;
    this.#asked.delete(ref);
    settle(asked);
    return true;
  }
}
