/** The history that is looked at, as signals: how much of it is here, which version is shown, whether it plays. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { RestClient, Room } from "../../../../client/src/index.ts";
import { History } from "../../../../editor/src/history.ts";
import { explain } from "../../explain.ts";
import { type Speed, versionsPerSecond } from "./replay.ts";

/** Read in steps of so many versions, so that progress shows. */
const STEP = 1_000;

export class HistoryStore {
  /** Null until the first part of it is here. */
  readonly history: ReadonlySignal<History | null>;
  readonly latest: ReadonlySignal<number>;
  readonly loaded: ReadonlySignal<number>;
  readonly version: ReadonlySignal<number>;
  readonly playing: ReadonlySignal<boolean>;
  readonly speed = signal<Speed>(1);
  /** Why the rest of it could not be read; null while all is well. */
  readonly problem: ReadonlySignal<string | null>;

  readonly #rest: RestClient;
  readonly #room: Room;
  readonly #history = signal<History | null>(null);
  readonly #latest = signal(0);
  readonly #loaded = signal(0);
  readonly #version = signal(0);
  readonly #playing = signal(false);
  readonly #problem = signal<string | null>(null);
  readonly #leaving = new AbortController();
  readonly #unsubscribe: () => void;
  #isReading = false;
  /** Whether the newest version is to be shown as it comes. */
  #follows = true;
  #frame = 0;

  constructor(rest: RestClient, room: Room) {
    this.#rest = rest;
    this.#room = room;
    this.history = this.#history;
    this.latest = this.#latest;
    this.loaded = this.#loaded;
    this.version = this.#version;
    this.playing = this.#playing;
    this.problem = this.#problem;
    this.#unsubscribe = room.on("text", () => void this.read());
  }

  /** Read what is there to be read; also after it failed, and when there is more. */
  async read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#problem.value = null;
    try {
      await this.#readOn();
    } catch (error) {
      if (!this.#leaving.signal.aborted) this.#problem.value = explain(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** Show a version, and stop playing. */
  show(version: number): void {
    this.pause();
    this.#show(version);
  }

  play(): void {
    if (this.#version.value >= this.#loaded.value) this.#show(0);
    this.#playing.value = true;
    this.#follows = false;
    let last = performance.now();
    let exact = this.#version.value;
    const step = (now: number): void => {
      exact += ((now - last) / 1_000) * versionsPerSecond(this.#latest.value, this.speed.value);
      last = now;
      this.#show(Math.floor(exact));
      if (this.#version.value >= this.#loaded.value) this.#playing.value = false;
      else this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  pause(): void {
    cancelAnimationFrame(this.#frame);
    this.#playing.value = false;
  }

  dispose(): void {
    this.pause();
    this.#leaving.abort();
    this.#unsubscribe();
  }

  async #readOn(): Promise<void> {
    const { signal: leaving } = this.#leaving;
    const history = this.#history.value ?? (await History.open(this.#rest, this.#room.roomId));
    do {
      // A version of one's own that is not acknowledged yet has no place in the log.
      history.extend(this.#room.version);
      await history.load(Math.min(history.latest, history.loaded + STEP), leaving);
      this.#latest.value = history.latest;
      this.#loaded.value = history.loaded;
      this.#history.value = history;
      if (this.#follows) this.#version.value = history.loaded;
    } while (history.loaded < Math.max(history.latest, this.#room.version));
  }

  #show(version: number): void {
    this.#version.value = Math.max(0, Math.min(version, this.#loaded.value));
    this.#follows = !this.#playing.value && this.#version.value === this.#loaded.value;
  }
}
