/** Unsaved edits that outlive their tab: kept in IndexedDB, handed on to the next client of the same user and room. */

import { newId } from "../ids.ts";
import { ClientState } from "../state.ts";
import { Database, type Unreadable } from "./database.ts";
import { Keeper } from "./keeper.ts";
import { type Locks, tryLock } from "./locks.ts";
import { type Owner, unpack } from "./record.ts";

const stores = new Map<string, Promise<EditStore | null>>();

/**
 * Opens the store of this browser, shared by all its tabs, and by all rooms of a page. Resolves to null where edits
 * cannot be kept: without IndexedDB or Web Locks (Node, some private windows, pages that came by plain http from another
 * machine).
 */
export function openEditStore(name = "rayrooms"): Promise<EditStore | null> {
  const opening = reopen(name, stores.get(name));
  stores.set(name, opening);
  return opening;
}

async function reopen(name: string, opened: Promise<EditStore | null> | undefined): Promise<EditStore | null> {
  const store = await opened;
  if (store?.isLost === false) return store;
  const locks = typeof navigator === "undefined" ? undefined : (navigator.locks as LockManager | undefined);
  if (typeof indexedDB === "undefined" || locks === undefined) return null;
  try {
    return await EditStore.open(name, locks);
  } catch {
    return null;
  }
}

/**
 * What each client keeps lies under a record of its own, whose lock its tab holds. A record whose lock is free is that
 * of a tab that is gone: it is adopted by the next client of the same user in the same room. Other users' records are
 * left alone.
 *
 * A record that cannot be read back is never in the way: it is put aside as it is, to be looked at by `unreadable`; only
 * when twenty newer ones have been put aside too, it is removed.
 */
export class EditStore {
  readonly #database: Database;
  readonly #locks: Locks;
  readonly #prefix: string;
  readonly #loss: { isLost: boolean };

  private constructor(database: Database, locks: Locks, prefix: string, loss: { isLost: boolean }) {
    this.#database = database;
    this.#locks = locks;
    this.#prefix = prefix;
    this.#loss = loss;
  }

  /** Rejects when the platform has no room for it. */
  static async open(name: string, locks: Locks): Promise<EditStore> {
    const loss = { isLost: false };
    const lost = () => {
      loss.isLost = true;
    };
    const database = await Database.open(name, { time: Date.now, lost });
    const store = new EditStore(database, locks, `${name}:`, loss);
    store.#clear().catch(lost);
    return store;
  }

  /** Whether the browser has taken the store away. */
  get isLost(): boolean {
    return this.#loss.isLost;
  }

  /** Start a new record. Rejects when the platform fails. */
  async begin(owner: Owner): Promise<Keeper> {
    for (;;) {
      const id = newId();
      const unlock = await tryLock(this.#locks, this.#prefix + id);
      if (unlock !== null) return new Keeper(this.#database, owner, id, unlock, null);
    }
  }

  /**
   * Take over the oldest record of `owner` that nobody holds, but for those in `except`; null when there is none.
   * Rejects when the platform fails.
   */
  async adopt(owner: Owner, except: ReadonlySet<string> = new Set()): Promise<Keeper | null> {
    for (const id of await this.#database.clientsOf(owner)) {
      if (except.has(id)) continue;
      const unlock = await tryLock(this.#locks, this.#prefix + id);
      if (unlock === null) continue;
      try {
        const keeper = await this.#takeOver(owner, id, unlock);
        if (keeper !== null) return keeper;
        unlock();
      } catch (error) {
        unlock();
        throw error;
      }
    }
    return null;
  }

  /** What was kept of `owner` but could not be read back. */
  unreadable(owner: Owner): Promise<Unreadable[]> {
    return this.#database.unreadable(owner);
  }

  close(): void {
    this.#loss.isLost = true;
    this.#database.close();
  }

  async #takeOver(owner: Owner, id: string, unlock: () => void): Promise<Keeper | null> {
    const kept = await this.#database.read(id); // only now: until the lock was ours, it was somebody else's to change
    if (kept === null) return null;
    try {
      const found = unpack(kept.row, kept.pieces);
      ClientState.restore(found, { newClientId: newId });
      return new Keeper(this.#database, owner, id, unlock, found);
    } catch (error) {
      await this.#database.putAside(id, error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** Remove what tabs left behind that had delivered everything. */
  async #clear(): Promise<void> {
    for (const id of await this.#database.leftovers()) {
      const unlock = await tryLock(this.#locks, this.#prefix + id);
      if (unlock === null) continue;
      try {
        // The tab may have gone on and ended between the look and the lock: what has a row stays.
        await this.#database.removeLeftover(id);
      } finally {
        unlock();
      }
    }
  }
}
