/** The receiving side of one stream: order, whole frames, acknowledgements. */

import { TooLargeError } from "../../../client/src/errors.ts";
import { length } from "../../../client/src/text/index.ts";
import type { Limits } from "./limits.ts";
import type { Data, End } from "./messages.ts";
import { AT_ONCE, NEVER } from "./sender.ts";

/** Puts a stream together again from packets that are lost, doubled and out of order. */
export class Receiver {
  readonly #limits: Limits;
  #nextSeq = 1;
  readonly #early = new Map<number, Data>();
  #pieces: string[] = [];
  #piecesSize = 0;
  #unacknowledged = 0;
  #owedAt = NEVER;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** All packets up to this one have come. */
  get ack(): number {
    return this.#nextSeq - 1;
  }

  /** Those that have come although one before them has not. */
  get have(): number[] {
    return [...this.#early.keys()].sort((a, b) => a - b);
  }

  /**
   * The frames that are complete with `packet`, in order, and the end of the stream if it has been reached. Throws
   * TooLargeError for a frame that nobody needs.
   */
  receive(packet: Data, now: number): { frames: string[]; end: End | null } {
    const { seq } = packet;
    if (seq < this.#nextSeq || this.#early.has(seq) || seq >= this.#nextSeq + this.#limits.window) {
      this.hurry();
      return { frames: [], end: null };
    }
    this.#early.set(seq, packet);
    this.#unacknowledged += 1;
    this.#owedAt = Math.min(this.#owedAt, now + this.#limits.ackDelay);
    const frames: string[] = [];
    let end: End | null = null;
    for (;;) {
      const following = this.#early.get(this.#nextSeq);
      if (following === undefined) break;
      this.#early.delete(this.#nextSeq);
      this.#nextSeq += 1;
      this.#assemble(following, frames);
      end = following.end ?? null;
    }
    if (this.#early.size > 0 || this.#unacknowledged >= this.#limits.ackEvery) this.hurry();
    return { frames, end };
  }

  #assemble(packet: Data, frames: string[]): void {
    const pieces = packet.frames ?? [];
    pieces.forEach((piece, number) => {
      this.#pieces.push(piece);
      this.#piecesSize += length(piece);
      if (this.#piecesSize > this.#limits.frameMost) {
        throw new TooLargeError("A frame is longer than any that is needed.");
      }
      if (number < pieces.length - 1 || packet.more !== true) {
        frames.push(this.#pieces.join(""));
        this.#pieces = [];
        this.#piecesSize = 0;
      }
    });
  }

  // -------------------------------------------------------------- acknowledgements

  /** When an acknowledgement should go, if no packet does before. */
  due(): number {
    return this.#owedAt;
  }

  /** Acknowledge at once. */
  hurry(): void {
    this.#owedAt = AT_ONCE;
  }

  /** What `ack` and `have` say has been sent. */
  acknowledged(): void {
    this.#unacknowledged = 0;
    this.#owedAt = NEVER;
  }
}
