/** The pass of an admin link: for this tab, until the server refuses it. Pure but for what it is given. */

import { signal } from "@preact/signals";
import { fragmentToken } from "../routes.ts";
import { type PageStorage, readItem, writeItem } from "../storage.ts";

export const PASS_KEY = "rayrooms.admin";

export class AdminPass {
  /** Null for whoever came by no link, or whose link's time is over. */
  readonly token = signal<string | null>(null);
  /** Whether the last pass ended because the server would not have it any more. */
  readonly ended = signal(false);
  readonly #storage: PageStorage | null;

  /** `storage`: what outlives a reload, but not the tab; null where the browser has none. */
  constructor(storage: PageStorage | null) {
    this.#storage = storage;
    this.token.value = readItem(storage, PASS_KEY);
  }

  /** Takes what an address's fragment holds; says whether it held a pass, which then has to leave the address. */
  take(fragment: string): boolean {
    const token = fragmentToken(fragment);
    if (token === null) return false;
    this.#keep(token);
    return true;
  }

  /** The server refused `token`. One that was replaced since ends nothing. */
  refused(token: string): void {
    if (token !== this.token.value) return;
    this.#keep(null);
    this.ended.value = true;
  }

  /** Whoever holds it is done. */
  giveUp(): void {
    this.#keep(null);
  }

  #keep(token: string | null): void {
    this.ended.value = false;
    this.token.value = token;
    writeItem(this.#storage, PASS_KEY, token);
  }
}
