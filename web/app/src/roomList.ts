/** A list of rooms that is fetched page by page, for one query at a time. Pure but for the fetching it is given. */

import { signal } from "@preact/signals";

export interface RoomQuery {
  scope: "mine" | "public";
  search: string;
}

export interface ListedPage<T> {
  items: readonly T[];
  /** Where the next page starts; null on the last one. */
  next: number | null;
}

type Fetch<T> = (query: RoomQuery, offset: number) => Promise<ListedPage<T>>;

/** `loading` the first page, `more` of the same; `failed` keeps what was fetched before. */
export type ListPhase = "loading" | "more" | "ready" | "failed";

export class RoomList<T extends { room_id: string }> {
  readonly items = signal<readonly T[]>([]);
  readonly phase = signal<ListPhase>("loading");
  readonly hasMore = signal(false);
  /** What the last fetch failed with. */
  readonly error = signal<unknown>(null);
  /** The query that `items` answer; null before the first answer. */
  readonly answered = signal<RoomQuery | null>(null);

  readonly #fetch: Fetch<T>;
  #query: RoomQuery = { scope: "mine", search: "" };
  #next = 0;
  /** Answers to an earlier question are not for the present list. */
  #asked = 0;

  constructor(fetch: Fetch<T>) {
    this.#fetch = fetch;
  }

  /** List for another query. What was listed stays until the answer is here. */
  async show(query: RoomQuery): Promise<void> {
    this.#query = query;
    await this.#load(0);
  }

  /** Fetch the present list's first page anew. */
  async reload(): Promise<void> {
    await this.#load(0);
  }

  async more(): Promise<void> {
    if (this.hasMore.value && this.phase.value !== "more") await this.#load(this.#next);
  }

  remove(roomId: string): void {
    const left = this.items.value.filter((item) => item.room_id !== roomId);
    if (left.length === this.items.value.length) return;
    this.items.value = left;
    this.#next = Math.max(0, this.#next - 1); // all that follow moved up by one
  }

  async #load(offset: number): Promise<void> {
    this.#asked += 1;
    const ticket = this.#asked;
    const query = this.#query;
    this.phase.value = offset === 0 ? "loading" : "more";
    try {
      const page = await this.#fetch(query, offset);
      if (ticket !== this.#asked) return;
      this.items.value = offset === 0 ? page.items : appended(this.items.value, page.items);
      this.#next = page.next ?? 0;
      this.hasMore.value = page.next !== null;
      this.answered.value = query;
      this.phase.value = "ready";
    } catch (error) {
      if (ticket !== this.#asked) return;
      this.error.value = error;
      this.phase.value = "failed";
    }
  }
}

/** A room made meanwhile pushes the rest along, so that pages overlap: each room is listed once. */
function appended<T extends { room_id: string }>(before: readonly T[], further: readonly T[]): readonly T[] {
  const known = new Set(before.map((item) => item.room_id));
  return [...before, ...further.filter((item) => !known.has(item.room_id))];
}
