/** The ladder of transports: each connection goes the best way that is open now. Pure but for the timers it is given. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { RayroomsError, UnauthenticatedError, UnavailableError } from "../../../client/src/errors.ts";
import type { ClientEvent, ServerEvent } from "../../../client/src/protocol.ts";
import type { Connect, Connection, ConnectionEvents } from "../../../client/src/transport/connection.ts";

export type TransportInUse = "direct" | "proxy" | "relay";

/** One way to the room server. */
export interface Rung {
  readonly transport: TransportInUse;
  /** What `connect` is given. */
  readonly url: string;
  readonly connect: Connect;
}

export interface LadderOptions {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** Calls `what` after so many milliseconds. Returns what takes that back. */
  readonly after: (milliseconds: number, what: () => void) => () => void;
}

/** Milliseconds that a way gets until the server's first word has come by it, unless it is the last one. */
export const OPEN_WITHIN = 3_000;
/** The same for a way that kept us waiting in vain within the last `DISTRUSTED_FOR` milliseconds. */
export const DISTRUSTED_OPEN_WITHIN = 500;
export const DISTRUSTED_FOR = 5 * 60_000;

/**
 * Makes connections over the first of several ways on which the server speaks. Each new connection begins with the best
 * way again; one that is made stays as it is.
 */
export class Ladder {
  readonly #rungs: () => readonly Rung[];
  readonly #options: LadderOptions;
  readonly #distrusted = new Map<TransportInUse, number>();
  readonly #inUse = new Map<Climb, TransportInUse>();
  readonly #transport = signal<TransportInUse | null>(null);

  /** The way of the oldest connection that is open now. */
  readonly transport: ReadonlySignal<TransportInUse | null> = this.#transport;

  /** `rungs` gives the ways that there are now, best first; it is asked at each connection. */
  constructor(rungs: () => readonly Rung[], options: LadderOptions) {
    this.#rungs = rungs;
    this.#options = options;
  }

  /**
   * To be used as a transport. When no way is open, the connection ends with why the last one was not, or, if the server
   * has refused the token on any of them, with that refusal.
   */
  readonly connect: Connect = (_url, token, events) => {
    const climb = new Climb(this.#rungs(), token, events, {
      ...this.#options,
      patience: (transport) => this.#patience(transport),
      opened: (transport) => {
        this.#distrusted.delete(transport);
        this.#inUse.set(climb, transport);
        this.#tell();
      },
      hung: (transport) => this.#distrusted.set(transport, this.#options.now() + DISTRUSTED_FOR),
      closed: () => {
        this.#inUse.delete(climb);
        this.#tell();
      },
    });
    climb.begin();
    return climb;
  };

  #patience(transport: TransportInUse): number {
    const until = this.#distrusted.get(transport) ?? Number.NEGATIVE_INFINITY;
    return this.#options.now() < until ? DISTRUSTED_OPEN_WITHIN : OPEN_WITHIN;
  }

  #tell(): void {
    const [oldest = null] = this.#inUse.values();
    this.#transport.value = oldest;
  }
}

interface ClimbOptions extends LadderOptions {
  patience: (transport: TransportInUse) => number;
  opened: (transport: TransportInUse) => void;
  hung: (transport: TransportInUse) => void;
  closed: () => void;
}

/** One connection: tries one way after the other, and then is the connection over the one that opened. */
class Climb implements Connection {
  readonly #waiting: Rung[];
  readonly #token: string;
  readonly #events: ConnectionEvents;
  readonly #options: ClimbOptions;
  #connection: Connection | null = null;
  #giveUp: () => void = () => {};
  #isOpen = false;
  #isOver = false;
  #failure: RayroomsError | null = null;

  constructor(rungs: readonly Rung[], token: string, events: ConnectionEvents, options: ClimbOptions) {
    this.#waiting = [...rungs];
    this.#token = token;
    this.#events = events;
    this.#options = options;
  }

  /** Throws when every way is known to be closed without any waiting. */
  begin(): void {
    const failure = this.#climb();
    if (failure !== null) throw failure;
  }

  send(message: ClientEvent): void {
    this.#connection?.send(message);
  }

  close(): void {
    if (this.#isOver) return;
    this.#end();
    this.#connection?.close();
  }

  /** Start on the next way that can be started on. Returns why there is none. */
  #climb(): RayroomsError | null {
    for (let rung = this.#waiting.shift(); rung !== undefined; rung = this.#waiting.shift()) {
      const failure = this.#start(rung);
      if (failure === null) return null;
      this.#note(failure);
    }
    return this.#failure ?? new UnavailableError("There is no way to the room server now.");
  }

  /** Returns why this way is closed, if that shows at once. */
  #start(rung: Rung): RayroomsError | null {
    let isPast = false;
    let failure: RayroomsError | null = null;
    let isStarting = true;
    const leave = () => {
      isPast = true;
      cancel();
    };
    const fell = (error: RayroomsError) => {
      leave();
      if (isStarting) failure = error;
      else this.#fell(error);
    };
    const cancel =
      this.#waiting.length === 0
        ? () => {} // nothing comes after it: how long to wait is for whoever asked for the connection to say
        : this.#options.after(this.#options.patience(rung.transport), () => {
            connection?.close();
            this.#options.hung(rung.transport);
            fell(new UnavailableError("The room server does not answer on this way."));
          });
    this.#giveUp = leave;
    let connection: Connection | null = null;
    try {
      connection = rung.connect(rung.url, this.#token, {
        opened: () => {}, // by something, which need not be the room server: that is for its first word to show
        received: (message) => {
          if (isPast) return;
          if (!this.#isOpen) {
            const refusal = refusalIn(message);
            if (refusal !== null) {
              connection?.close();
              fell(refusal);
              return;
            }
            cancel();
            this.#opened(rung.transport);
          }
          this.#events.received(message);
        },
        ended: (error) => {
          if (isPast) return;
          if (this.#isOpen) this.#ended(error);
          else fell(error);
        },
      });
    } catch (error) {
      fell(asError(error));
    }
    isStarting = false;
    if (failure === null) this.#connection = connection;
    return failure;
  }

  #opened(transport: TransportInUse): void {
    this.#isOpen = true;
    this.#options.opened(transport);
    this.#events.opened();
  }

  #fell(failure: RayroomsError): void {
    this.#connection = null;
    this.#note(failure);
    const final = this.#climb();
    if (final !== null) this.#ended(final);
  }

  #ended(error: RayroomsError): void {
    this.#end();
    this.#events.ended(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#giveUp();
    if (this.#isOpen) this.#options.closed();
  }

  /** A refusal is the server's own word; that some other way is closed says less. */
  #note(failure: RayroomsError): void {
    if (!(this.#failure instanceof UnauthenticatedError)) this.#failure = failure;
  }
}

function refusalIn(message: ServerEvent): UnauthenticatedError | null {
  const isRefusal = message.event === "error" && message.data.code === "bad_token";
  return isRefusal ? new UnauthenticatedError(message.data.message) : null;
}

function asError(reason: unknown): RayroomsError {
  if (reason instanceof RayroomsError) return reason;
  return new UnavailableError("This way to the room server cannot be taken here.", { cause: reason });
}
