/** The sending side of one stream: queue, packets, window, resending. */

import { length, toUtf16 } from "../../../client/src/text/index.ts";
import type { Limits } from "./limits.ts";
import type { End } from "./messages.ts";

/** A time that has always come. */
export const AT_ONCE = 0;
export const NEVER = Number.POSITIVE_INFINITY;

/** Frames under one number, as they were first sent: what is sent again must be the same. */
export interface Packet {
  readonly seq: number;
  readonly frames: string[];
  readonly more: boolean;
  readonly end: End | null;
  sentAt: number;
  tries: number;
}

/** A frame, or a part of one: then there is `more` of it. */
interface Piece {
  text: string;
  size: number;
  more: boolean;
}

/**
 * Cuts frames into packets, and has each of them sent until it is acknowledged.
 *
 * Selective repeat. The time after which a packet goes again follows the measured round trips (Jacobson and Karels 1988,
 * as in RFC 6298; only packets that were sent once are measured, after Karn and Partridge 1987). When it has passed,
 * only the oldest packet goes again, each time after twice the wait, so that a kernel that is busy and answers nobody
 * finds one packet many times, not many; the others follow once an acknowledgement shows that the way is open.
 */
export class Sender {
  readonly #limits: Limits;
  #queue: Piece[] = [];
  #queued = 0;
  #end: End | null = null;
  #greets = false;
  #nextSeq = 1;
  /** By number, which is the order in which they were first sent. */
  readonly #flight = new Map<number, Packet>();
  #lost: Packet[] = [];
  #lastNewAt: number;
  #progressAt = 0;
  #roundTrip: number | null = null;
  #variation = 0;
  #resendAfter: number;
  #timeouts = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#lastNewAt = -limits.coalesce;
    this.#resendAfter = limits.resendFirst;
  }

  /** How much waits for its first sending, in code points, each frame counting one more. */
  get queued(): number {
    return this.#queued;
  }

  /** Whether all was acknowledged, the end of the stream included. */
  get isDone(): boolean {
    return this.#end === null && !this.#greets && this.#queue.length === 0 && this.#flight.size === 0;
  }

  /** Send a first packet even if there is no frame for it. */
  greet(): void {
    this.#greets = true;
  }

  /** Queue a frame. */
  push(frame: string): void {
    const most = this.#limits.packet - 1;
    let rest = frame;
    let left = length(frame);
    while (left > most) {
      const cut = toUtf16(rest, most);
      this.#enqueue({ text: rest.slice(0, cut), size: most, more: true });
      rest = rest.slice(cut);
      left -= most;
    }
    this.#enqueue({ text: rest, size: left, more: false });
  }

  /** Let the stream end after what is queued. */
  end(end: End): void {
    this.#end = end;
  }

  // -------------------------------------------------------------- sending

  /** When `take` has something, if nothing else happens before. */
  due(): number {
    if (this.#lost.length > 0) return AT_ONCE;
    let due = NEVER;
    const oldest = this.#oldest();
    if (oldest !== null) {
      due = oldest.sentAt + Math.min(this.#resendAfter * 2 ** this.#timeouts, this.#limits.resendMost);
    }
    if (this.#hasNew()) {
      const isFull = this.#queued >= this.#limits.packet;
      due = Math.min(due, isFull ? AT_ONCE : this.#lastNewAt + this.#limits.coalesce);
    }
    return due;
  }

  /** When a wait for an acknowledgement becomes too long. */
  stalledAt(): number {
    return this.#flight.size > 0 ? this.#progressAt + this.#limits.deadAfter : NEVER;
  }

  /** The packet to send now, if there is one. */
  take(now: number): Packet | null {
    if (this.due() > now) return null;
    const lost = this.#lost.shift();
    if (lost !== undefined) return again(lost, now);
    if (this.#hasNew()) return this.#new(now);
    const oldest = this.#oldest();
    this.#timeouts += 1;
    return oldest && again(oldest, now);
  }

  #enqueue(piece: Piece): void {
    this.#queue.push(piece);
    this.#queued += piece.size + 1;
  }

  #oldest(): Packet | null {
    return this.#flight.values().next().value ?? null;
  }

  #hasNew(): boolean {
    const oldest = this.#oldest()?.seq ?? this.#nextSeq;
    const isOpen = this.#nextSeq < oldest + this.#limits.window;
    return isOpen && (this.#queue.length > 0 || this.#greets || this.#end !== null);
  }

  #new(now: number): Packet {
    let room = this.#limits.packet;
    let count = 0;
    let more = false;
    for (const piece of this.#queue) {
      if (more || piece.size >= room) break;
      count += 1;
      more = piece.more;
      room -= piece.size + 1;
    }
    const frames = this.#queue.splice(0, count).map((piece) => piece.text);
    this.#queued -= this.#limits.packet - room;
    let end: End | null = null;
    if (this.#queue.length === 0) [end, this.#end] = [this.#end, null];
    const packet: Packet = { seq: this.#nextSeq, frames, more, end, sentAt: now, tries: 1 };
    if (this.#flight.size === 0) this.#progressAt = now;
    this.#flight.set(packet.seq, packet);
    this.#nextSeq += 1;
    this.#greets = false;
    this.#lastNewAt = now;
    return packet;
  }

  // -------------------------------------------------------------- acknowledgements

  /** All packets up to `ack` have arrived, and those in `have`. */
  acknowledged(ack: number, have: readonly number[], now: number): void {
    const arrived = [...this.#flight.keys()].filter((seq) => seq <= ack);
    arrived.push(...have.filter((seq) => seq > ack));
    let measured: Packet | null = null;
    let hasProgress = false;
    for (const seq of arrived) {
      const packet = this.#flight.get(seq);
      if (packet === undefined) continue;
      hasProgress = true;
      this.#flight.delete(seq);
      if (packet.tries === 1) measured = packet;
    }
    if (!hasProgress) return;
    if (measured !== null) this.#measure(now - measured.sentAt);
    this.#timeouts = 0;
    this.#progressAt = now;
    this.#lost = [...this.#flight.values()].filter((packet) => now - packet.sentAt >= this.#resendAfter);
  }

  #measure(sample: number): void {
    if (this.#roundTrip === null) {
      this.#roundTrip = sample;
      this.#variation = sample / 2;
    } else {
      this.#variation += (Math.abs(this.#roundTrip - sample) - this.#variation) / 4;
      this.#roundTrip += (sample - this.#roundTrip) / 8;
    }
    const { resendLeast, resendUsual } = this.#limits;
    this.#resendAfter = Math.min(Math.max(this.#roundTrip + 4 * this.#variation, resendLeast), resendUsual);
  }
}

function again(packet: Packet, now: number): Packet {
  packet.tries += 1;
  packet.sentAt = now;
  return packet;
}
