/** The sessions of a page: each editor has its own, and a chat or a list of people joins that of an editor beside it. */

/** A session that a view opened; `isOver` once the room has ended it. */
export interface Shareable {
  readonly isOver: boolean;
  close(): void;
}

/** A view's hold on a session. */
export interface Lease<S> {
  readonly opened: Promise<S>;
  /** The view goes. If it opened the session, the session ends, and those who joined it are told (`onLost`). */
  release(): void;
}

export interface LeaseRequest<S> {
  /** Equal for views that could share: of one room, by one way. */
  key: string;
  /** Editors have carets and an undo history: they share with those who only look on, not with one another. */
  isEditor: boolean;
  open: () => Promise<S>;
  /** The session ended because the view that opened it went. */
  onLost: () => void;
}

interface Entry<S> {
  readonly key: string;
  readonly opened: Promise<S>;
  readonly owner: Holder;
  readonly holders: Set<Holder>;
  session: S | null;
  hasFailed: boolean;
}

interface Holder {
  readonly isEditor: boolean;
  readonly onLost: () => void;
}

export class SessionPool<S extends Shareable> {
  readonly #entries = new Set<Entry<S>>();

  /** Joins a session that can be shared, or opens one. */
  lease({ key, isEditor, open, onLost }: LeaseRequest<S>): Lease<S> {
    const holder: Holder = { isEditor, onLost };
    const entry = this.#find(key, isEditor) ?? this.#open(key, holder, open);
    entry.holders.add(holder);
    return { opened: entry.opened, release: () => this.#release(entry, holder) };
  }

  #find(key: string, isEditor: boolean): Entry<S> | undefined {
    return [...this.#entries].find(
      (entry) =>
        entry.key === key &&
        !entry.hasFailed &&
        entry.session?.isOver !== true &&
        !(isEditor && [...entry.holders].some((holder) => holder.isEditor)),
    );
  }

  #open(key: string, owner: Holder, open: () => Promise<S>): Entry<S> {
    const opened = open();
    const entry: Entry<S> = { key, opened, owner, holders: new Set(), session: null, hasFailed: false };
    this.#entries.add(entry);
    opened.then(
      (session) => {
        entry.session = session;
        if (!this.#entries.has(entry)) session.close();
      },
      () => {
        entry.hasFailed = true;
        this.#entries.delete(entry);
      },
    );
    return entry;
  }

  #release(entry: Entry<S>, holder: Holder): void {
    if (!entry.holders.delete(holder) || entry.owner !== holder) return;
    // What it goes by (the owner's comm, perhaps) ends with its owner.
    this.#entries.delete(entry);
    entry.session?.close();
    for (const other of entry.holders) other.onLost();
  }
}
