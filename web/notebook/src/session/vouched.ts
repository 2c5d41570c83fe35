/** The tokens by which Jupyter vouches for who is logged in: short-lived, so asked for anew again and again. */

import type { ExtensionAnswer, Vouched } from "./extension.ts";
import type { Credentials, Identity } from "./identity.ts";

export interface VouchedOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Asks the extension. Rejects with UnavailableError when it does not answer. */
  readonly ask: () => Promise<ExtensionAnswer>;
}

/** Milliseconds before its end at which a token is no longer used. */
const MARGIN = 60_000;

/** Of the user that `first` stands for. */
export class VouchedCredentials implements Credentials {
  readonly identity: Identity;
  readonly isNew = false;
  readonly #options: VouchedOptions;
  #current: Vouched | null;
  #asking: Promise<Vouched | null> | null = null;

  constructor(first: Vouched, options: VouchedOptions) {
    this.identity = { kind: "verified", userId: first.userId, name: first.name };
    this.#options = options;
    this.#current = first;
  }

  async token(): Promise<string | null> {
    const current = this.#current;
    // One whose end cannot be told is not used a second time.
    if (current !== null && current.expiresAt - this.#options.now() > MARGIN) return current.token;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return (await this.#asking)?.token ?? null;
  }

  refused(token: string): void {
    if (this.#current?.token === token) this.#current = null;
  }

  async #ask(): Promise<Vouched | null> {
    const { vouched } = await this.#options.ask();
    if (vouched?.userId !== this.identity.userId) return null;
    this.#current = vouched;
    return vouched;
  }
}
