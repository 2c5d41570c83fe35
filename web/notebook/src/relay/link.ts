/** One end of a link: an ordered stream of text frames each way, each frame delivered once. Pure. */

import { TooLargeError, UnavailableError } from "../../../client/src/errors.ts";
import type { Limits } from "./limits.ts";
import { type Ack, CLOSED, type Close, type Data, type Message, type Open } from "./messages.ts";
import { Receiver } from "./receiver.ts";
import { AT_ONCE, NEVER, type Packet, Sender } from "./sender.ts";

/**
 * What a link tells: `opened`, the kernel has a session with the server; `frame`, the next of the other end's stream;
 * `ended`, the link is over, but not by `finish` at this end, and nothing follows.
 */
export type LinkEvent =
  | { type: "opened" }
  | { type: "frame"; text: string }
  | { type: "ended"; code: string; reason: string };

export type Phase = "opening" | "open" | "closing" | "over";

const UNAVAILABLE = new UnavailableError("").code;

/**
 * One end of a link, with all that it knows; what it does not know it is told: messages, frames and the time.
 *
 * The view's end is made with `opening`, which it sends; the kernel's end when that arrives. It begins to send with
 * `opened`. Whoever drives a link asks `take` for messages while `due` is not in the future, and `takeEvents` after
 * each call. Times are milliseconds on any clock that does not go back, above 0.
 */
export class Link {
  #phase: Phase = "opening";
  readonly #limits: Limits;
  readonly #opening: Open | null;
  #openAt: number;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #heardAt: number;
  #askedAt: number;
  #lingerUntil = NEVER;
  #lastWords: Close | null = null;
  #events: LinkEvent[] = [];

  constructor(limits: Limits, now: number, opening: Open | null = null) {
    this.#limits = limits;
    this.#opening = opening;
    this.#openAt = this.#heardAt = this.#askedAt = now;
    this.#sender = new Sender(limits);
    this.#receiver = new Receiver(limits);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Whether the source of the frames should wait. */
  get isFull(): boolean {
    return this.#sender.queued >= this.#limits.queuePause;
  }

  /** What happened since it was last asked. */
  takeEvents(): LinkEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  // -------------------------------------------------------------- this end

  /** At the kernel's end: the server has let the view in. */
  opened(): void {
    if (this.#phase !== "opening") return;
    this.#phase = "open";
    this.#sender.greet();
  }

  /** Send a frame; when the link is closing or over, do nothing. The link fails when too much is waiting. */
  push(frame: string): void {
    if (this.#phase !== "opening" && this.#phase !== "open") return;
    if (this.#sender.queued >= this.#limits.queueMost) this.#fail(UNAVAILABLE, "Too much waits to be sent.");
    else this.#sender.push(frame);
  }

  /** End the link, after what was pushed if it is open. Nothing more is told. */
  finish(code: string, reason: string, now: number): void {
    this.#events = [];
    if (this.#phase === "opening") {
      this.#over({ type: "close", code, reason });
    } else if (this.#phase === "open") {
      this.#phase = "closing";
      this.#lingerUntil = now + this.#limits.linger;
      this.#sender.end({ code, reason });
    }
  }

  // -------------------------------------------------------------- the other end

  /** Take a message from the other end. */
  receive(message: Message, now: number): void {
    if (this.#phase === "over") return;
    this.#heardAt = now;
    if (message.type === "close") {
      this.#ended(message.code, message.reason, null);
    } else if (message.type === "ack") {
      this.#acknowledged(message, now);
      if (message.ping === true) this.#receiver.hurry();
    } else if (message.type === "data") {
      this.#acknowledged(message, now);
      this.#receivePacket(message, now);
    }
    // A repeated `open`: the answer is on its way or will be sent again.
  }

  #acknowledged({ ack, have = [] }: Data | Ack, now: number): void {
    this.#sender.acknowledged(ack, have, now);
    if (this.#phase === "closing" && this.#sender.isDone) this.#over(null);
  }

  #receivePacket(packet: Data, now: number): void {
    if (this.#phase === "over") return;
    let received: ReturnType<Receiver["receive"]>;
    try {
      received = this.#receiver.receive(packet, now);
    } catch (error) {
      if (!(error instanceof TooLargeError)) throw error;
      this.#fail(error.code, error.message);
      return;
    }
    if (this.#phase === "opening" && this.#receiver.ack > 0) {
      this.#phase = "open";
      this.#events.push({ type: "opened" });
    }
    if (this.#phase === "open") {
      for (const text of received.frames) this.#events.push({ type: "frame", text });
    }
    if (received.end !== null) {
      this.#ended(received.end.code, received.end.reason, { type: "close", code: CLOSED, reason: "" });
    }
  }

  // -------------------------------------------------------------- sending

  /** When `take` should be called, if nothing else happens before; null: never again. */
  due(): number | null {
    if (this.#phase === "over") return this.#lastWords === null ? null : AT_ONCE;
    const due = Math.min(this.#givesUpAt(), this.#receiver.due(), this.#pingAt());
    if (this.#phase !== "opening") return Math.min(due, this.#sender.due());
    return this.#opening === null ? due : Math.min(due, this.#openAt);
  }

  /** The next message to send, if one is due. */
  take(now: number): Message | null {
    if (this.#phase !== "over" && this.#givesUpAt() <= now) this.#giveUp();
    if (this.#phase === "over") {
      const words = this.#lastWords;
      this.#lastWords = null;
      return words;
    }
    if (this.#phase === "opening") {
      if (this.#opening !== null && this.#openAt <= now) {
        this.#openAt = now + this.#limits.openEvery;
        return this.#opening;
      }
    } else {
      const packet = this.#sender.take(now);
      if (packet !== null) return this.#data(packet);
    }
    const isAsking = this.#pingAt() <= now;
    if (isAsking) this.#askedAt = now;
    if (!isAsking && this.#receiver.due() > now) return null;
    return { type: "ack", ...this.#acknowledging(), ...(isAsking && { ping: true }) };
  }

  #data({ seq, frames, more, end }: Packet): Data {
    return {
      type: "data",
      seq,
      ...this.#acknowledging(),
      ...(frames.length > 0 && { frames }),
      ...(more && { more }),
      ...(end !== null && { end }),
    };
  }

  #acknowledging(): { ack: number; have?: number[] } {
    this.#receiver.acknowledged();
    const { ack, have } = this.#receiver;
    return have.length > 0 ? { ack, have } : { ack };
  }

  /** When to ask for a sign of life: only the kernel asks, whose timers run while its page is hidden. */
  #pingAt(): number {
    if (this.#opening !== null || this.#phase === "opening") return NEVER;
    return Math.max(this.#heardAt, this.#askedAt) + this.#limits.pingEvery;
  }

  // -------------------------------------------------------------- ends

  #givesUpAt(): number {
    return Math.min(this.#heardAt + this.#limits.deadAfter, this.#sender.stalledAt(), this.#lingerUntil);
  }

  #giveUp(): void {
    if (this.#phase === "closing") this.#over({ type: "close", code: CLOSED, reason: "" });
    else this.#fail(UNAVAILABLE, "The other end of the relay does not answer.");
  }

  #fail(code: string, reason: string): void {
    this.#ended(code, reason, { type: "close", code, reason });
  }

  #ended(code: string, reason: string, lastWords: Close | null): void {
    if (this.#phase !== "closing") this.#events.push({ type: "ended", code, reason });
    this.#over(lastWords);
  }

  #over(lastWords: Close | null): void {
    this.#phase = "over";
    this.#lastWords = lastWords;
  }
}
