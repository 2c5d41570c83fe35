/** How a client stands with its room: connected or not, let in or not, and whether it is worth asking again. */

import { ConflictError, type RayroomsError } from "./errors.ts";

/**
 * `offline`: no connection. `greeting`: awaiting the server's first message. `astray`: connected, has to join (again).
 * `joining`: awaiting `room_joined`. `joined`: in the room. `closed`: the room will not have this client.
 */
export type Phase = "offline" | "greeting" | "astray" | "joining" | "joined" | "closed";

/** How often another connection may take the client id, within one connection, before this client gives up. */
export const MAX_SUPERSEDED = 5;

/** Refusals of a join that may pass. */
const JOIN_AGAIN: ReadonlySet<string> = new Set([
  "room_unavailable",
  "room_load_failed",
  "backlog_full",
  "database_unavailable",
  "rate_limited",
  "superseded",
]);

export class Standing {
  #phase: Phase = "offline";
  #retry: RayroomsError | null = null;
  #failure: RayroomsError | null = null;
  #joinRef = 0;
  #entries = 0;
  #isDoubted = false;
  #superseded = 0;

  get phase(): Phase {
    return this.#phase;
  }

  /** Why to wait before the next join. */
  get retry(): RayroomsError | null {
    return this.#retry;
  }

  /** Why the room will not have this client. */
  get failure(): RayroomsError | null {
    return this.#failure;
  }

  /** The `ref` of the last request to join. */
  get joinRef(): number {
    return this.#joinRef;
  }

  /** How often the room has let this client in. */
  get entries(): number {
    return this.#entries;
  }

  /** Whether the text held here may not be the room's. */
  get isDoubted(): boolean {
    return this.#isDoubted;
  }

  connected(): void {
    this.#phase = "greeting";
  }

  greeted(): void {
    if (this.#phase === "greeting") {
      this.#phase = "astray";
    }
  }

  disconnected(): void {
    this.#superseded = 0;
    if (this.#phase !== "closed") {
      this.#phase = "offline";
    }
  }

  /** The request to join went out as `ref`. */
  joining(ref: number): void {
    this.#phase = "joining";
    this.#retry = null;
    this.#joinRef = ref;
  }

  /** The request to join was refused. */
  joinRefused(error: RayroomsError): void {
    if (JOIN_AGAIN.has(error.code)) {
      this.#phase = "astray";
      this.#retry = error;
    } else {
      this.fail(error);
    }
  }

  entered(): void {
    this.#phase = "joined";
    this.#entries += 1;
    this.#isDoubted = false;
  }

  /** This session is out. Whether it may come back is for the answer to the next join to say. */
  putOut(): void {
    if (this.#phase !== "joined") {
      return;
    }
    this.#superseded += 1;
    const error = new ConflictError("Another connection uses this client id.", { code: "superseded" });
    if (this.#superseded > MAX_SUPERSEDED) {
      this.fail(error);
    } else {
      this.goAstray(error);
    }
  }

  /** Join again, after a while when `retry` says why. */
  goAstray(retry: RayroomsError | null = null): void {
    if (this.#phase === "joined" || this.#phase === "joining") {
      this.#phase = "astray";
      this.#retry = retry;
    }
  }

  /** The text held here cannot be trusted to be the room's: join again, for a copy of it. */
  doubt(): void {
    this.#isDoubted = true;
    this.goAstray();
  }

  /** Nothing will mend it: stay out of the room. */
  fail(error: RayroomsError): void {
    this.#phase = "closed";
    this.#failure = error;
  }
}
