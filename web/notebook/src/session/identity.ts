/** Who takes part from a view, and what proves it to the room server. */

/**
 * `verified`: Jupyter vouches for who is logged in. `guest`: a name that was chosen. `kernel`: the kernel's own user,
 * shared by all who take part through it.
 */
export type IdentityKind = "verified" | "guest" | "kernel";

/** One user for as long as a session lasts; `userId` is empty for the kernel's user before the room told it. */
export interface Identity {
  readonly kind: IdentityKind;
  readonly userId: string;
  readonly name: string;
}

/** Somebody's tokens, one for each connection. */
export interface Credentials {
  readonly identity: Identity;
  /** Whether the server has made this user just now, so that it would not take the next one either if not this one. */
  readonly isNew: boolean;
  /**
   * A token of this very user; null when they cannot be had any more, because the server has forgotten the user or
   * somebody else is logged in. Rejects with UnavailableError when there is none now.
   */
  token(): Promise<string | null>;
  /** The server did not take `token`. */
  refused(token: string): void;
}

/** The kernel's own user needs no token: the relay takes an empty one for it. */
export const KERNEL_CREDENTIALS: Credentials = {
  identity: { kind: "kernel", userId: "", name: "" },
  isNew: false,
  token: () => Promise.resolve(""),
  refused: () => {},
};
