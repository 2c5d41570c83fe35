/** The room of a view: opened, opened again, and what there is to show of it meanwhile. */

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { RayroomsError, UnavailableError } from "../../client/src/errors.ts";
import type { WidgetOptions } from "./model.ts";
import type { LiveRoom, OpenRoom } from "./openRoom.ts";
import type { Lease, SessionPool } from "./sessions.ts";

export type Phase =
  | { readonly kind: "opening"; readonly isSlow: boolean }
  | { readonly kind: "open"; readonly room: LiveRoom }
  /** It was refused, or could not be reached; `text` is what the view last knew, when it had been in. */
  | { readonly kind: "refused" | "failed"; readonly error: RayroomsError; readonly text: string | null };

/** Without an answer for this long the reader is told that it takes longer ... */
export const SLOW_AFTER_MS = 4_000;
/** ... and then that the server is away, though trying goes on. */
export const AWAY_AFTER_MS = 15_000;

export interface ViewRoomPorts {
  readonly pool: SessionPool<OpenRoom>;
  open(options: WidgetOptions): Promise<OpenRoom>;
  /** Calls back after `ms`; returns what cancels that. */
  after(ms: number, callback: () => void): () => void;
}

export class ViewRoom {
  readonly phase: ReadonlySignal<Phase>;

  readonly #options: ReadonlySignal<WidgetOptions>;
  readonly #ports: ViewRoomPorts;
  readonly #opened = signal<OpenRoom | null>(null);
  readonly #error = signal<RayroomsError | null>(null);
  readonly #waited = signal<"usual" | "slow" | "away">("usual");
  readonly #stopFollowing: () => void;
  #lease: Lease<OpenRoom> | null = null;
  #timers: readonly (() => void)[] = [];

  constructor(options: ReadonlySignal<WidgetOptions>, ports: ViewRoomPorts) {
    this.#options = options;
    this.#ports = ports;
    this.phase = computed(() => this.#phase());
    const key = computed(() => keyOf(options.value));
    this.#stopFollowing = effect(() => {
      key.value; // another room, or another way to it, is opened at once
      this.#open();
      return () => this.#close();
    });
  }

  /** Tries once more what failed, or at once what is being tried. */
  again(): void {
    const opened = this.#opened.peek();
    if (opened === null || opened.isOver) {
      this.#close();
      this.#open();
    } else {
      opened.live.peek().session.room.reconnect();
    }
  }

  dispose(): void {
    this.#stopFollowing();
  }

  #open(): void {
    const options = this.#options.peek();
    const lease = this.#ports.pool.lease({
      key: keyOf(options),
      isEditor: options.kind === "editor",
      open: () => this.#ports.open(options),
      onLost: () => {
        this.#close();
        this.#open();
      },
    });
    this.#lease = lease;
    this.#wait();
    lease.opened.then(
      (opened) => {
        if (this.#lease === lease) this.#opened.value = opened;
      },
      (error: unknown) => {
        if (this.#lease === lease) this.#error.value = asRayroomsError(error);
      },
    );
  }

  #close(): void {
    for (const cancel of this.#timers) cancel();
    this.#opened.value = null;
    this.#error.value = null;
    const lease = this.#lease;
    this.#lease = null;
    lease?.release();
  }

  #wait(): void {
    const { after } = this.#ports;
    const set = (waited: "slow" | "away") => () => {
      this.#waited.value = waited;
    };
    this.#waited.value = "usual";
    this.#timers = [after(SLOW_AFTER_MS, set("slow")), after(AWAY_AFTER_MS, set("away"))];
  }

  #phase(): Phase {
    const room = this.#opened.value?.live.value ?? null;
    const wasIn = room?.store.entered.value ?? false;
    const error = this.#error.value ?? room?.store.failure.value ?? null;
    if (error !== null) {
      return { kind: kindOf(error), error, text: wasIn ? (room?.store.room.text ?? null) : null };
    }
    if (room !== null && wasIn) return { kind: "open", room };
    if (this.#waited.value === "away") {
      const away =
        "Your connection may be down, or the server is restarting. The room opens by itself once it is back.";
      return { kind: "failed", error: new UnavailableError(away), text: null };
    }
    return { kind: "opening", isSlow: this.#waited.value === "slow" };
  }
}

function keyOf({ room, url, transport, proxyPath }: WidgetOptions): string {
  return JSON.stringify([room, url, transport, proxyPath]);
}

/** Refused is what trying again alone does not mend. */
function kindOf(error: RayroomsError): "refused" | "failed" {
  return error.status !== null && error.status < 500 ? "refused" : "failed";
}

function asRayroomsError(error: unknown): RayroomsError {
  return error instanceof RayroomsError ? error : new UnavailableError(String(error), { cause: error });
}
