/** The tables of kept edits in IndexedDB. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Operation } from "../protocol.ts";
import type { Plan } from "./journal.ts";
import { type ClientRow, LAYOUT, type Owner, type Pieces } from "./record.ts";

/** How many unreadable records are kept aside; the oldest go first. */
const MAX_UNREADABLE = 20;

type PieceKey = [id: string, kind: "text" | "entry" | "large", number: number];

/** Rows that could not be read back, as they were found. */
export interface Unreadable extends Owner {
  id: string;
  foundAt: number;
  reason: string;
  row: unknown;
  pieces: { key: IDBValidKey; value: unknown }[];
}

interface Tables extends DBSchema {
  clients: { key: string; value: ClientRow; indexes: { owner: [server: string, userId: string, roomId: string] } };
  pieces: { key: PieceKey; value: string | Operation | Operation[] };
  unreadable: { key: string; value: Unreadable; indexes: { foundAt: number } };
}

export class Database {
  readonly #db: IDBPDatabase<Tables>;
  /** Milliseconds since 1970. */
  readonly #time: () => number;

  private constructor(db: IDBPDatabase<Tables>, time: () => number) {
    this.#db = db;
    this.#time = time;
  }

  /** Rejects when the platform has no IndexedDB for us. `lost` is called when it is taken away later. */
  static async open(name: string, options: { time: () => number; lost: () => void }): Promise<Database> {
    const db = await openDB<Tables>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore("clients", { keyPath: "id" }).createIndex("owner", ["server", "userId", "roomId"]);
        fresh.createObjectStore("pieces");
        fresh.createObjectStore("unreadable", { keyPath: "id" }).createIndex("foundAt", "foundAt");
      },
      blocking(_current, _blocked, event) {
        (event.target as IDBDatabase).close(); // a later version of this page wants to change the tables
        options.lost();
      },
      terminated: options.lost,
    });
    return new Database(db, options.time);
  }

  close(): void {
    this.#db.close();
  }

  /** The ids of the clients that keep edits of `owner`, those that have waited longest first. */
  async clientsOf({ server, userId, roomId }: Owner): Promise<string[]> {
    const rows = await this.#db.getAllFromIndex("clients", "owner", [server, userId, roomId]);
    return rows.sort((one, other) => one.keptAt - other.keptAt).map((row) => row.id);
  }

  /** A client's row and what lies beside it; null when there is none, or a later version of this library wrote it. */
  async read(id: string): Promise<{ row: ClientRow; pieces: Pieces } | null> {
    const transaction = this.#db.transaction(["clients", "pieces"]);
    const [row, keys, values] = await Promise.all([
      transaction.objectStore("clients").get(id),
      transaction.objectStore("pieces").getAllKeys(all(id)),
      transaction.objectStore("pieces").getAll(all(id)),
      transaction.done,
    ]);
    if (row === undefined || row.layout !== LAYOUT) return null;
    const of = (wanted: PieceKey[1]) =>
      new Map(keys.flatMap(([, kind, number], index) => (kind === wanted ? [[number, values[index]] as const] : [])));
    return { row, pieces: { text: of("text").get(0), entries: of("entry"), large: of("large") } };
  }

  /**
   * Carry out a plan, all of it or nothing. The transaction is committed at once: otherwise the page would have to live
   * until its requests are answered, and what was typed just before a tab is closed would be lost.
   */
  async write(id: string, owner: Owner, plan: Plan): Promise<void> {
    const transaction = this.#db.transaction(["clients", "pieces"], "readwrite", { durability: "relaxed" });
    const pieces = transaction.objectStore("pieces");
    const work: Promise<unknown>[] = [];
    if (plan.clears === "everything") work.push(pieces.delete(all(id)));
    if (plan.clears === "entries") work.push(pieces.delete(all(id, "entry")));
    for (const number of plan.forgets) work.push(pieces.delete([id, "large", number]));
    if (plan.text !== null) work.push(pieces.put(plan.text, [id, "text", 0]));
    if (plan.entry !== null) work.push(pieces.put(plan.entry, [id, "entry", plan.entries]));
    for (const [number, op] of plan.large) work.push(pieces.put(op, [id, "large", number]));
    const { server, userId, roomId } = owner;
    const { head, entries } = plan;
    const row = { id, server, userId, roomId, layout: LAYOUT, keptAt: this.#time(), head, entries };
    work.push(transaction.objectStore("clients").put(row), transaction.done);
    transaction.commit();
    await Promise.all(work);
  }

  /** The client has nothing left to deliver. What lies beside its row stays, for the next plan to build upon. */
  async settle(id: string): Promise<void> {
    await this.#db.delete("clients", id);
  }

  /** Forget a client altogether. */
  async remove(id: string): Promise<void> {
    const transaction = this.#db.transaction(["clients", "pieces"], "readwrite", { durability: "relaxed" });
    await Promise.all([
      transaction.objectStore("clients").delete(id),
      transaction.objectStore("pieces").delete(all(id)),
      transaction.done,
    ]);
  }

  /** Forget what lies beside a row that is not there. */
  async removeLeftover(id: string): Promise<void> {
    const transaction = this.#db.transaction(["clients", "pieces"], "readwrite", { durability: "relaxed" });
    if ((await transaction.objectStore("clients").getKey(id)) === undefined) {
      await transaction.objectStore("pieces").delete(all(id));
    }
    await transaction.done;
  }

  /** Put a client's rows aside as they are. */
  async putAside(id: string, reason: string): Promise<void> {
    const transaction = this.#db.transaction(["clients", "pieces", "unreadable"], "readwrite");
    const clients = transaction.objectStore("clients");
    const pieces = transaction.objectStore("pieces");
    const unreadable = transaction.objectStore("unreadable");
    const row = await clients.get(id);
    if (row === undefined) return;
    const [keys, values] = await Promise.all([pieces.getAllKeys(all(id)), pieces.getAll(all(id))]);
    const { server, userId, roomId } = row;
    const found = keys.map((key, index) => ({ key, value: values[index] }));
    await unreadable.put({ id, server, userId, roomId, foundAt: this.#time(), reason, row, pieces: found });
    await clients.delete(id);
    await pieces.delete(all(id));
    const surplus = (await unreadable.count()) - MAX_UNREADABLE;
    const oldest = surplus > 0 ? await unreadable.index("foundAt").getAllKeys(null, surplus) : [];
    for (const old of oldest) await unreadable.delete(old);
    await transaction.done;
  }

  /** What was put aside of `owner`. */
  async unreadable({ server, userId, roomId }: Owner): Promise<Unreadable[]> {
    const found = await this.#db.getAll("unreadable");
    return found.filter((one) => one.server === server && one.userId === userId && one.roomId === roomId);
  }

  /** The ids of clients that have pieces but no row: they have delivered all, or never wrote their first row. */
  async leftovers(): Promise<string[]> {
    const transaction = this.#db.transaction(["clients", "pieces"]);
    const ids = new Set<string>();
    let cursor = await transaction.objectStore("pieces").openKeyCursor();
    while (cursor !== null) {
      const [id] = cursor.key;
      ids.add(id);
      cursor = await cursor.continue([id, "\uffff" as PieceKey[1], 0]);
    }
    for (const id of await transaction.objectStore("clients").getAllKeys()) ids.delete(id);
    await transaction.done;
    return [...ids];
  }
}

/** All pieces of a client, or all of a kind. */
function all(id: string, kind?: PieceKey[1]): IDBKeyRange {
  return kind === undefined ? IDBKeyRange.bound([id], [id, []]) : IDBKeyRange.bound([id, kind], [id, kind, []]);
}
