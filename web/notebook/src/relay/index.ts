/** The relay: connections to the room server through the kernel, for views whose browser reaches no server itself. */

import { fromCode, UnavailableError } from "../../../client/src/errors.ts";
import { newId } from "../../../client/src/ids.ts";
import type { ClientEvent } from "../../../client/src/protocol.ts";
import { addressesOf } from "../../../client/src/transport/address.ts";
import {
  asServerEvent,
  type Connect,
  type Connection,
  type ConnectionEvents,
} from "../../../client/src/transport/connection.ts";
import type { KernelChannel } from "../channel.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { Link, type LinkEvent } from "./link.ts";
import { type Address, CLOSED, read, write } from "./messages.ts";

export interface RelayOptions {
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  /** A new link's name, at random. */
  newLink: () => string;
}

/**
 * Connections over `channel`. An empty token means the kernel's own user.
 *
 * The kernel connects to the server that it was given itself: the URL of a connection is only checked for being one.
 */
export function relay(channel: KernelChannel, options: Partial<RelayOptions> = {}): Connect {
  const { now = () => performance.now(), newLink = newId } = options;
  return (url, token, events) => {
    addressesOf(url);
    return new RelayConnection(channel, { view: channel.view, link: newLink() }, token, events, now);
  };
}

class RelayConnection implements Connection {
  readonly #channel: KernelChannel;
  readonly #address: Address;
  readonly #events: ConnectionEvents;
  readonly #now: () => number;
  readonly #link: Link;
  readonly #detach: (() => void)[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStepping = false;
  /** Whether the application is told of nothing any more. */
  #isOver = false;

  constructor(channel: KernelChannel, address: Address, token: string, events: ConnectionEvents, now: () => number) {
    this.#channel = channel;
    this.#address = address;
    this.#events = events;
    this.#now = now;
    this.#link = new Link(DEFAULT_LIMITS, now(), { type: "open", token });
    this.#detach = [channel.listen((content) => this.#receive(content)), channel.onDeath(() => this.#stepSoon())];
    this.#stepSoon();
  }

  send(message: ClientEvent): void {
    this.#link.push(JSON.stringify(message));
    this.#stepSoon();
  }

  close(): void {
    this.#isOver = true;
    this.#link.finish(CLOSED, "", this.#now());
    this.#step();
  }

  /** A message came over the channel, for whomever. */
  #receive(content: Record<string, unknown>): void {
    const message = read(content, this.#address);
    if (message === null) return;
    this.#link.receive(message, this.#now());
    this.#step();
  }

  /** There is no other end any more. */
  #lose(): void {
    this.#link.receive({ type: "close", code: "room_unavailable", reason: "The kernel is gone." }, this.#now());
    this.#step();
  }

  /** Send what is due, tell what happened, and see to it that the next step comes in time. */
  #step(): void {
    for (;;) {
      const due = this.#link.due();
      if (due === null || due > this.#now()) break;
      const message = this.#link.take(this.#now());
      if (message !== null) this.#channel.send(write(this.#address, message));
    }
    for (const event of this.#link.takeEvents()) this.#tell(event);
    const due = this.#link.due();
    clearTimeout(this.#timer);
    if (due === null) this.#release();
    else this.#timer = setTimeout(() => this.#step(), Math.max(0, due - this.#now()));
  }

  /**
   * A step once the caller is done: what it sends in one go then goes in one message, and nothing is told before it has
   * the connection. No timer, for those are slow in hidden pages.
   */
  #stepSoon(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    queueMicrotask(() => {
      this.#isStepping = false;
      if (this.#channel.isAlive) this.#step();
      else this.#lose();
    });
  }

  #tell(event: LinkEvent): void {
    if (this.#isOver) return;
    if (event.type === "opened") this.#events.opened();
    else if (event.type === "ended") this.#end(event.code, event.reason);
    else this.#hear(event.text);
  }

  #hear(frame: string): void {
    let message: ReturnType<typeof asServerEvent>;
    try {
      message = asServerEvent(JSON.parse(frame));
    } catch {
      this.close();
      this.#events.ended(new UnavailableError("The server does not speak this protocol."));
      return;
    }
    if (message !== null) this.#events.received(message);
  }

  #end(code: string, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.ended(
      code === CLOSED ? new UnavailableError("The kernel closed the connection.") : fromCode(code, reason),
    );
  }

  #release(): void {
    clearTimeout(this.#timer);
    for (const detach of this.#detach) detach();
  }
}
