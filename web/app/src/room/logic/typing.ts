/** Tells the room that a chat message is being written, often enough that it is believed, and no more. */

/** The room forgets who types after some seconds: it is told again while it goes on. */
const TELL_EVERY_MS = 3_000;
/** A pause this long is the end of it. */
const PAUSE_MS = 4_000;

export interface TypingPorts {
  /** Milliseconds of a clock that does not go back. */
  now(): number;
  tell(isTyping: boolean): void;
  /** Calls back after `ms`; returns what cancels that. */
  after(ms: number, callback: () => void): () => void;
}

export class TypingNotice {
  readonly #ports: TypingPorts;
  #toldAt: number | null = null;
  #cancel: () => void = () => undefined;

  constructor(ports: TypingPorts) {
    this.#ports = ports;
  }

  /** Something was typed. */
  typed(): void {
    const now = this.#ports.now();
    if (this.#toldAt === null || now - this.#toldAt >= TELL_EVERY_MS) {
      this.#toldAt = now;
      this.#ports.tell(true);
    }
    this.#cancel();
    this.#cancel = this.#ports.after(PAUSE_MS, () => this.stopped());
  }

  /** The message was sent, emptied or left alone. */
  stopped(): void {
    this.#cancel();
    if (this.#toldAt !== null) {
      this.#toldAt = null;
      this.#ports.tell(false);
    }
  }
}
