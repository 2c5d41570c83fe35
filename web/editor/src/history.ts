/**
 * The history of a room's document: its text and who wrote it, at every version.
 *
 * The log is read in pages, from the first version on, as far as it is wanted. Every so many versions the text is
 * kept, as a tree that shares what did not change with its neighbours; what lies between is replayed from there.
 */

import { Text } from "@codemirror/state";
import { InvalidError, type Operation, type Range, type RestClient } from "../../client/src/index.ts";
import { type AuthorRun, attribute } from "./authorship.ts";
import { pairsInString } from "./offsets.ts";
import { changesOf, LINE_BREAK } from "./operations.ts";

const CHECKPOINT_EVERY = 256;
const PAGE = 1000;
const DEFAULT_PAUSE_MS = 60_000;

/** The operation that made a version, whose it is, and when it was committed (ISO 8601, UTC). */
export interface HistoryEntry {
  readonly user_id: string;
  readonly at: string;
  readonly op: Operation;
}

/** Versions `from` to `to`, inclusive, made by one person without a long pause; `at` is when the first was committed. */
export interface EditSession {
  readonly from: number;
  readonly to: number;
  readonly user_id: string;
  readonly at: string;
}

export interface HistoryOptions {
  /** A pause of so many milliseconds ends an edit session; a minute by default. */
  readonly pause?: number;
  /** How many operations to ask for at once; at most 1000. */
  readonly page?: number;
}

/** The document at one version. */
interface Moment {
  readonly version: number;
  readonly doc: Text;
  readonly authors: readonly AuthorRun[];
}

const BEGINNING: Moment = { version: 0, doc: Text.empty, authors: [] };

export class History {
  readonly #rest: Pick<RestClient, "operations">;
  readonly #roomId: string;
  readonly #pause: number;
  readonly #page: number;
  readonly #entries: HistoryEntry[] = [];
  readonly #checkpoints: Moment[] = [BEGINNING];
  readonly #sessions: EditSession[] = [];
  #latest = 0;
  #newest = BEGINNING;
  #shown = BEGINNING;
  #fetching: Promise<void> | null = null;

  /** Reads the first page. Rejects with RayroomsError: the room is gone, closed to the caller, or cannot be reached. */
  static async open(
    rest: Pick<RestClient, "operations">,
    roomId: string,
    options: HistoryOptions = {},
  ): Promise<History> {
    const history = new History(rest, roomId, options);
    await history.#fetch();
    return history;
  }

  private constructor(rest: Pick<RestClient, "operations">, roomId: string, options: HistoryOptions) {
    this.#rest = rest;
    this.#roomId = roomId;
    this.#pause = options.pause ?? DEFAULT_PAUSE_MS;
    this.#page = options.page ?? PAGE;
  }

  /** The newest version known to exist. */
  get latest(): number {
    return this.#latest;
  }

  /** All versions up to this one can be shown now. */
  get loaded(): number {
    return this.#newest.version;
  }

  /** The edit sessions among the loaded versions, in order and without gaps. */
  get sessions(): readonly EditSession[] {
    return this.#sessions;
  }

  /** Word came that a version was committed; it can be loaded now. */
  extend(version: number): void {
    this.#latest = Math.max(this.#latest, version);
  }

  /**
   * Read the log up to a version. Calls at the same time share their requests.
   *
   * Rejects with RayroomsError (as `open`; future_version when there is none such), or with why `signal` was aborted.
   */
  async load(version = this.#latest, signal?: AbortSignal): Promise<void> {
    while (this.loaded < version) {
      signal?.throwIfAborted();
      const before = this.loaded;
      await this.#fetch();
      if (this.loaded === before) {
        throw new InvalidError(`The room has no version ${version}.`, { code: "future_version" });
      }
    }
    signal?.throwIfAborted();
  }

  /** The text as it stood at a loaded version. */
  textAt(version: number): string {
    const { doc } = this.#momentAt(version);
    return doc.sliceString(0, doc.length, LINE_BREAK);
  }

  /** Who wrote the text that stood at a loaded version, from its start to its end. */
  authorsAt(version: number): readonly AuthorRun[] {
    return this.#momentAt(version).authors;
  }

  /** What made a version; null for version 0 and those that are not loaded. */
  entry(version: number): HistoryEntry | null {
    return this.#entries[version - 1] ?? null;
  }

  /** Where the text at a version is new, in its code points; an empty range is where something was deleted. */
  changedAt(version: number): Range[] {
    const changed: Range[] = [];
    let at = 0;
    for (const component of this.entry(version)?.op ?? []) {
      if (typeof component === "number") {
        at += component;
      } else if (typeof component === "string") {
        const length = component.length - pairsInString(component);
        changed.push([at, at + length]);
        at += length;
      } else if (changed.at(-1)?.[1] !== at) {
        changed.push([at, at]);
      }
    }
    return changed;
  }

  #momentAt(version: number): Moment {
    if (!Number.isInteger(version) || version < 0 || version > this.loaded) {
      throw new RangeError(`Version ${version} is not loaded.`);
    }
    const checkpoint = this.#checkpoints[Math.floor(version / CHECKPOINT_EVERY)] ?? BEGINNING;
    const near = this.#shown.version <= version && this.#shown.version > checkpoint.version;
    let moment = near ? this.#shown : checkpoint;
    while (moment.version < version) moment = this.#after(moment);
    this.#shown = moment;
    return moment;
  }

  #after({ version, doc, authors }: Moment): Moment {
    const entry = this.entry(version + 1);
    if (entry === null) throw new RangeError(`Version ${version + 1} is not loaded.`);
    return {
      version: version + 1,
      doc: changesOf(entry.op, doc).apply(doc),
      authors: attribute(authors, entry.op, entry.user_id),
    };
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchPage().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #fetchPage(): Promise<void> {
    const page = await this.#rest.operations(this.#roomId, { from_version: this.loaded, limit: this.#page });
    for (const { version, op, user_id, timestamp } of page.operations) {
      if (version === this.loaded + 1) this.#append({ op, user_id, at: timestamp });
    }
    this.#latest = Math.max(this.#latest, page.current_version);
  }

  #append(entry: HistoryEntry): void {
    this.#entries.push(entry);
    this.#newest = this.#after(this.#newest);
    const { version } = this.#newest;
    if (version % CHECKPOINT_EVERY === 0) this.#checkpoints.push(this.#newest);
    const last = this.#sessions.at(-1);
    const before = this.entry(version - 1);
    const paused = before === null || Date.parse(entry.at) - Date.parse(before.at) > this.#pause;
    if (last !== undefined && last.user_id === entry.user_id && !paused) {
      this.#sessions[this.#sessions.length - 1] = { ...last, to: version };
    } else {
      this.#sessions.push({ from: version, to: version, user_id: entry.user_id, at: entry.at });
    }
  }
}
