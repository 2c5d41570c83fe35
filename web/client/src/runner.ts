/** Keeps a client's state machine connected: carries its messages, reconnects, and does its waiting. */

import { fromCode, RateLimitedError, RayroomsError, UnauthenticatedError, UnavailableError } from "./errors.ts";
import type { ConnectionStatus } from "./events.ts";
import type { ServerEvent } from "./protocol.ts";
import type { ClientState } from "./state.ts";
import type { StateEvent } from "./state-events.ts";
import { pause, type Timing } from "./timing.ts";
import type { Connect, Connection } from "./transport/connection.ts";

/** How many tokens in a row may be refused, although each connection gets a fresh one. */
const MAX_TOKENS = 5;
/** How often in a row a client joins again at once; after that it waits, so that no fault makes it spin. */
const QUICK_JOINS = 3;
/** Refusals of the connection, whatever message they answer. */
const CONNECTION_REFUSED: ReadonlySet<string> = new Set(["bad_token", "upgrade_required", "too_many_connections"]);

export type RunnerEvent = StateEvent | { type: "status"; status: ConnectionStatus; error: RayroomsError | null };

export interface RunnerOptions {
  url: string;
  connect: Connect;
  /** Asked before each connection. */
  token: () => string | Promise<string>;
  timing: Timing;
  /** A number in [0, 1), the source of jitter. */
  random: () => number;
  /** Milliseconds on a clock that never goes back. */
  now: () => number;
  /** Called in each step with what it led to, before anything of it is sent. */
  look: (events: RunnerEvent[]) => void;
  /** Called at the end of each step, for the application to be told. */
  tell: () => void;
  /** While it gives a promise, nothing is sent until that is fulfilled (it never rejects). */
  gate: () => Promise<void> | null;
}

/** Runs one ClientState over connections to a server. `state` may be replaced until `run` is called. */
export class Runner {
  state: ClientState;
  status: ConnectionStatus = "connecting";
  /** Why there is no connection, while there is none. */
  error: RayroomsError | null = null;

  /** The `error` at the last step. */
  #told: RayroomsError | null = null;
  readonly #options: RunnerOptions;
  readonly #timing: Timing;
  #connection: Connection | null = null;
  /** Ends the conversation on the present connection, for `error` or because there is nothing more to say. */
  #end: (error: RayroomsError | null) => void = () => {};
  #wake: (() => void) | null = null;
  #stopped = false;
  #held = false;
  #joins = 0;
  #joinTimer: ReturnType<typeof setTimeout> | undefined;
  #joiningSince = 0;
  #pinged = 0;
  /** Since when the server owes us a word: the first ping that nothing came after, or the opening of the socket. */
  #owedSince: number | null = null;
  #progressed = 0;
  #mark = "";

  constructor(state: ClientState, options: RunnerOptions) {
    this.state = state;
    this.#options = options;
    this.#timing = options.timing;
  }

  // -------------------------------------------------------------- steps

  /** Follow up on something that was done to the state: join, tell, send. */
  step(): void {
    const state = this.state;
    const events: RunnerEvent[] = state.takeEvents();
    const mark = `${state.replica.acked}/${state.version}/${state.replica.sent.length > 0}`;
    if (mark !== this.#mark) {
      this.#mark = mark;
      this.#progressed = this.#options.now();
      this.#joins = 0;
    }
    if (events.some((event) => event.type === "editRefused")) this.#joins = 0;
    if (state.phase === "astray" && this.#joinTimer === undefined) this.#joinSoon();
    if (this.#setStatus()) {
      const error = state.failure ?? state.retry ?? (this.status === "online" ? null : this.error);
      events.push({ type: "status", status: this.status, error });
    }
    this.#options.look(events);
    this.#send();
    this.#options.tell();
    if (state.phase === "closed") this.#end(null);
  }

  #send(): void {
    const connection = this.#connection;
    if (connection === null || this.#held) return;
    const open = this.#options.gate();
    if (open !== null) {
      this.#held = true;
      void open.then(() => {
        this.#held = false;
        this.#send();
      });
      return;
    }
    for (const message of this.state.takeOutbox()) connection.send(message);
  }

  /** Join at once, unless the room asked for patience or it has been tried in vain. */
  #joinSoon(): void {
    const attempt = this.#joins;
    this.#joins += 1;
    if (this.state.retry === null && attempt < QUICK_JOINS) {
      this.#join();
      return;
    }
    this.#joinTimer = setTimeout(
      () => {
        this.#joinTimer = undefined;
        if (this.state.phase !== "astray") return;
        this.#join();
        this.step();
      },
      pause(this.#timing, attempt, this.state.retry, this.#options.random),
    );
  }

  #join(): void {
    this.state.join();
    this.#joiningSince = this.#options.now();
  }

  /**
   * Returns whether there is something to tell: it changed, or a first connection was tried in vain once more. A client
   * that joins again over a connection that holds counts as online all the while.
   */
  #setStatus(): boolean {
    const { phase, retry, hasJoined } = this.state;
    let status = this.status;
    if (phase === "closed") status = "closed";
    else if (phase === "joined") status = "online";
    else if (phase === "offline" || phase === "greeting" || retry !== null)
      status = hasJoined ? "offline" : "connecting";
    const isNews = status !== this.status || (status === "connecting" && this.error !== this.#told);
    this.status = status;
    this.#told = this.error;
    return isNews;
  }

  // -------------------------------------------------------------- connections

  /** Stay connected until the state machine is closed, or `stop`. Never rejects. */
  async run(): Promise<void> {
    let attempt = 0;
    let refused = 0;
    while (!this.#over) {
      let error: RayroomsError | null = null;
      try {
        await this.#converse(await this.#token());
      } catch (reason) {
        error = asError(reason);
      }
      if (error instanceof UnauthenticatedError) {
        refused += 1;
        if (refused >= MAX_TOKENS) this.state.fail(error);
      } else if (error instanceof UnavailableError || error instanceof RateLimitedError) {
        refused = 0;
      } else if (error !== null) {
        this.state.fail(error);
      }
      this.error = error;
      if (this.status === "online") attempt = 0;
      this.#disconnected();
      if (!this.#over && (await this.#pause(pause(this.#timing, attempt, error, this.#options.random)))) attempt += 1;
      else attempt = 0;
    }
  }

  /** Say nothing more to the server, and do not come back. */
  stop(): void {
    this.#stopped = true;
    this.#end(null);
    this.hurry();
  }

  /** Try at once, if this is waiting before a new try; make sure of the connection, if there is one. */
  hurry(): void {
    if (this.#wake !== null) this.#wake();
    else this.#probe();
  }

  get #over(): boolean {
    return this.#stopped || this.state.failure !== null;
  }

  async #token(): Promise<string> {
    try {
      return await this.#options.token();
    } catch (error) {
      if (error instanceof RayroomsError) throw error;
      throw new UnavailableError("There is no token now.", { cause: error });
    }
  }

  /** Talk until the connection ends, which rejects with why; resolves when the state machine is closed. */
  #converse(token: string): Promise<void> {
    if (this.#over) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let opening: ReturnType<typeof setTimeout> | undefined;
      let watch: ReturnType<typeof setInterval> | undefined;
      let over = false;
      const end = (error: RayroomsError | null) => {
        if (over) return;
        over = true;
        this.#end = () => {};
        this.#connection = null;
        clearTimeout(opening);
        clearInterval(watch);
        connection.close();
        if (error === null) resolve();
        else reject(error);
      };
      const connection = this.#options.connect(this.#options.url, token, {
        opened: () => {
          clearTimeout(opening);
          this.#connection = connection;
          this.#owedSince = this.#pinged = this.#progressed = this.#options.now();
          watch = setInterval(() => this.#watch(), this.#timing.tick);
          this.state.connected();
          this.step();
        },
        received: (message) => this.#receive(message),
        ended: end,
      });
      opening = setTimeout(() => {
        end(new UnavailableError("The server cannot be reached: it does not answer."));
      }, this.#timing.connectTimeout);
      this.#end = end;
    });
  }

  #disconnected(): void {
    clearTimeout(this.#joinTimer);
    this.#joinTimer = undefined;
    this.#joins = 0;
    this.state.disconnected();
    this.step();
  }

  #receive(message: ServerEvent): void {
    this.#owedSince = null;
    const reason = reasonToEnd(message);
    if (reason !== null) {
      this.#end(reason);
      return;
    }
    try {
      this.state.receive(message);
    } catch (error) {
      this.state.fail(asError(error)); // a fault of this library must not leave anybody waiting
    }
    this.step();
  }

  /** Ping, and give up a connection on which nothing comes or nothing is done. */
  #watch(): void {
    const { state } = this;
    const timing = this.#timing;
    const now = this.#options.now();
    if (this.#owedSince !== null && now - this.#owedSince > timing.deadAfter) {
      this.#end(new UnavailableError("The server has fallen silent."));
    } else if (state.phase === "joining" && now - this.#joiningSince > timing.joinTimeout) {
      this.#end(new UnavailableError("The room did not answer."));
    } else if (
      state.phase === "joined" &&
      state.replica.sent.length > 0 &&
      now - this.#progressed > timing.unackedAfter &&
      !this.#held
    ) {
      this.#end(new UnavailableError("The room does not acknowledge edits."));
    } else if (now - this.#pinged >= timing.pingEvery) {
      this.#ping();
    }
  }

  #ping(): void {
    this.#pinged = this.#options.now();
    this.#owedSince ??= this.#pinged;
    this.state.ping();
    this.#send();
  }

  /** Give up the connection soon unless it shows that it lives. */
  #probe(): void {
    const connection = this.#connection;
    if (connection === null || this.state.phase === "greeting") return;
    this.#ping();
    const asked = this.#options.now();
    setTimeout(() => {
      if (this.#connection === connection && this.#owedSince !== null && this.#owedSince <= asked) {
        this.#end(new UnavailableError("The server does not answer."));
      }
    }, this.#timing.probeTimeout);
  }

  /** Wait; resolves to whether the time passed, as it does unless `hurry` or `stop` cut it short. */
  #pause(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (passed: boolean) => {
        clearTimeout(timer);
        this.#wake = null;
        resolve(passed);
      };
      const timer = setTimeout(() => done(true), milliseconds);
      this.#wake = () => done(false);
    });
  }
}

/** What ends the connection: the server goes, or does not accept the token, this client or one more of it. */
function reasonToEnd(message: ServerEvent): RayroomsError | null {
  if (message.event === "going_away" && (message.data.room_id ?? null) === null) {
    return new UnavailableError(`The server is going away: ${message.data.reason}.`);
  }
  if (message.event === "error" && CONNECTION_REFUSED.has(message.data.code)) {
    return fromCode(message.data.code, message.data.message, message.data.retry_after ?? null);
  }
  return null;
}

function asError(reason: unknown): RayroomsError {
  if (reason instanceof RayroomsError) return reason;
  return new RayroomsError(`The client failed: ${reason instanceof Error ? reason.message : String(reason)}.`, {
    cause: reason,
  });
}
