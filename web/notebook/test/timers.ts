/** Time that passes when a test says so. */

import type { LadderOptions } from "../src/session/ladder.ts";

export class Timers implements LadderOptions {
  #time = 0;
  #waiting: { at: number; what: () => void }[] = [];

  readonly now = () => this.#time;

  readonly after = (milliseconds: number, what: () => void) => {
    const one = { at: this.#time + milliseconds, what };
    this.#waiting.push(one);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== one);
    };
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Let so many milliseconds pass, with what falls due in them in its order. */
  pass(milliseconds: number): void {
    const end = this.#time + milliseconds;
    for (;;) {
      const [next] = this.#waiting.filter((one) => one.at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((one) => one !== next);
      this.#time = next.at;
      next.what();
    }
    this.#time = end;
  }
}
