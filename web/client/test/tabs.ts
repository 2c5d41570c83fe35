/** A browser with tabs: one IndexedDB and one table of locks, which a tab that ends lets go of. */

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { EditStore } from "../src/store/edit-store.ts";
import type { Locks } from "../src/store/locks.ts";

/** One tab's view of the locks; as much of Web Locks as is used here: exclusive ones, taken if they are free. */
class TabLocks {
  readonly #held: Set<string>;
  readonly #own = new Set<string>();

  constructor(held: Set<string>) {
    this.#held = held;
  }

  async request(
    name: string,
    _options: { ifAvailable: true },
    use: (lock: Lock | null) => Promise<void> | undefined,
  ): Promise<void> {
    await Promise.resolve();
    if (this.#held.has(name)) {
      await use(null);
      return;
    }
    this.#held.add(name);
    this.#own.add(name);
    await use({ name, mode: "exclusive" });
    if (this.#own.delete(name)) this.#held.delete(name);
  }

  crash(): void {
    for (const name of this.#own) this.#held.delete(name);
    this.#own.clear();
  }
}

export interface Tab {
  store: EditStore;
  /** The process of the tab is gone: its locks are free, and nobody tidies up. */
  crash(): void;
}

export class Browser {
  readonly #held = new Set<string>();

  constructor() {
    globalThis.indexedDB = new IDBFactory();
  }

  get locks(): number {
    return this.#held.size;
  }

  async openTab(): Promise<Tab> {
    const locks = new TabLocks(this.#held);
    const store = await EditStore.open("rayrooms", locks as unknown as Locks);
    return { store, crash: () => locks.crash() };
  }

  /** All rows of a table. */
  async rows(table: "clients" | "pieces" | "unreadable"): Promise<unknown[]> {
    const objects = await this.#objects(table, "readonly");
    return done(objects.getAll());
  }

  /** Damage what lies under a key. */
  async put(table: "clients" | "pieces", value: unknown, key?: IDBValidKey): Promise<void> {
    const objects = await this.#objects(table, "readwrite");
    await done(key === undefined ? objects.put(value) : objects.put(value, key));
  }

  async #objects(table: string, mode: IDBTransactionMode): Promise<IDBObjectStore> {
    const db = await done(indexedDB.open("rayrooms"));
    const objects = db.transaction(table, mode).objectStore(table);
    db.close(); // takes effect once the transaction is done
    return objects;
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
