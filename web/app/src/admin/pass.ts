/** The pass of an admin link: for this tab, until the server refuses it. Pure but for what it is given. */

import { signal } from "@preact/signals";
import { fragmentToken } from "../routes.ts";

export const PASS_KEY = "rayrooms.admin";

type PassStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class AdminPass {
  /** Null for whoever came by no link, or whose link's time is over. */
  readonly token = signal<string | null>(null);
  /** Whether the last pass ended because the server would not have it any more. */
  readonly ended = signal(false);
  readonly #storage: PassStorage | null;

  /** `storage`: what outlives a reload, but not the tab; null where the browser has none. */
  constructor(storage: PassStorage | null) {
    this.#storage = storage;
    this.token.value = this.#read();
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
    try {
      if (token === null) this.#storage?.removeItem(PASS_KEY);
      else this.#storage?.setItem(PASS_KEY, token);
    } catch {
      // storage is shut: the pass lasts as long as the page
    }
  }

  #read(): string | null {
    try {
      return this.#storage?.getItem(PASS_KEY) ?? null;
    } catch {
      return null;
    }
  }
}
