/** A room's part in the store: its own record, and those of earlier clients that did not get everything delivered. */

import type { RoomEvents } from "./events.ts";
import { Runner, type RunnerEvent, type RunnerOptions } from "./runner.ts";
import { ClientState, type ClientStateOptions } from "./state.ts";
import type { EditStore } from "./store/edit-store.ts";
import type { Keeper } from "./store/keeper.ts";
import type { Owner } from "./store/record.ts";
import { addressesOf } from "./transport/address.ts";

export interface KeepingOptions {
  url: string;
  roomId: string;
  userId?: string;
  store?: EditStore | null;
}

/** Does nothing where there is no store, or where it fails: then edits live as long as their page. */
export class Keeping {
  readonly #options: KeepingOptions;
  readonly #stateOptions: Omit<ClientStateOptions, "clientId">;
  readonly #connection: Omit<RunnerOptions, "look" | "tell" | "gate">;
  readonly #refused: (refused: RoomEvents["editRefused"]) => void;
  #store: EditStore | null = null;
  #owner: Owner = { server: "", userId: "", roomId: "" };
  #keeper: Keeper | null = null;
  #delivering: Promise<void> | null = null;
  #delivery: Runner | null = null;
  readonly #tried = new Set<string>();
  #isOver = false;

  /** `refused` is told of edits of earlier clients that the room does not take. */
  constructor(
    options: KeepingOptions,
    stateOptions: Omit<ClientStateOptions, "clientId">,
    connection: Omit<RunnerOptions, "look" | "tell" | "gate">,
    refused: (refused: RoomEvents["editRefused"]) => void,
  ) {
    this.#options = options;
    this.#stateOptions = stateOptions;
    this.#connection = connection;
    this.#refused = refused;
  }

  /** Whether unsaved edits would survive the end of this page. */
  get isWorking(): boolean {
    return this.#keeper?.isWorking === true && this.#store?.isLost === false;
  }

  /**
   * Take a record. Resolves with the state to go on from when that of an earlier client was free, unless by then the
   * `present` one has edits of its own, in which case the earlier ones are delivered beside it. Never rejects.
   */
  async start(present: () => ClientState): Promise<ClientState | null> {
    const { store = null, url, userId, roomId } = this.#options;
    if (store === null || userId === undefined) return null;
    try {
      const owner = { server: addressesOf(url).rest, userId, roomId };
      let keeper = await store.adopt(owner);
      if (keeper !== null && !present().replica.isDurable) {
        await keeper.release();
        keeper = null;
      }
      keeper ??= await store.begin(owner);
      if (this.#isOver) {
        await keeper.release();
        return null;
      }
      this.#store = store;
      this.#owner = owner;
      this.#keeper = keeper;
      const found = keeper.found === null ? null : ClientState.restore(keeper.found, this.#stateOptions);
      keeper.watch(found ?? present());
      return found;
    } catch {
      return null; // the platform has no store for us after all
    }
  }

  /** The state made a step. */
  step(events: readonly RunnerEvent[]): void {
    this.#keeper?.step(events);
  }

  /** See `Keeper.gate`. */
  gate(): Promise<void> | null {
    return this.#keeper?.gate() ?? null;
  }

  /** See `Keeper.flush`. */
  flush(): void {
    this.#keeper?.flush();
  }

  /** Deliver what earlier clients kept, one after the other in the background, each by a client in its own name. */
  deliverOthers(): void {
    if (this.#delivering !== null || this.#store === null || this.#isOver) return;
    this.#delivering = this.#deliverAll(this.#store)
      .catch(() => {}) // the store failed: what it holds stays where it is
      .then(() => {
        this.#delivering = null;
      });
  }

  /** Give up the record, and end deliveries. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#delivery?.stop();
    await this.#delivering;
    await this.#keeper?.release();
  }

  async #deliverAll(store: EditStore): Promise<void> {
    for (;;) {
      if (this.#isOver) return;
      const keeper = await store.adopt(this.#owner, this.#tried);
      if (keeper === null) return;
      this.#tried.add(keeper.id); // what the room does not take now is for the next opening to try again
      try {
        await this.#deliver(keeper);
      } finally {
        await keeper.release();
      }
    }
  }

  /** Resolves when all is durable, or the room will not have it. */
  async #deliver(keeper: Keeper): Promise<void> {
    if (keeper.found === null || this.#isOver) return;
    const state = ClientState.restore(keeper.found, this.#stateOptions);
    keeper.watch(state);
    const runner = new Runner(state, {
      ...this.#connection,
      look: (events) => {
        keeper.step(events);
        for (const event of events) {
          if (event.type === "editRefused") this.#refused({ op: event.op, error: event.error });
        }
        if (state.replica.isDurable) runner.stop();
      },
      tell: () => {},
      gate: () => keeper.gate(),
    });
    this.#delivery = runner;
    await runner.run();
    this.#delivery = null;
  }
}
