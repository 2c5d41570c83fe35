/** The document's side of a client: own edits and the own cursor go out, commits and acknowledgements come in. */

import { InvalidError, type RayroomsError } from "./errors.ts";
import type { Outbox } from "./outbox.ts";
import { onTheWire } from "./portions.ts";
import type { Change, Operation, Range } from "./protocol.ts";
import { Replica, type Seen, type SentEdit } from "./replica.ts";
import type { StateEvent } from "./state-events.ts";
import { isNoop, transformRange } from "./text/index.ts";

/**
 * How commits met the copy held here: all were its next versions or repeats (`followed`), some are missing (`gap`), or
 * they cannot be, so that it is not the room's (`foreign`).
 */
export type Following = "followed" | "gap" | "foreign";

export interface EditingOptions {
  clientId: string;
  /** How many edits may be on their way at once. */
  window: number;
  outbox: Outbox;
  /** Told what to tell the application. */
  tell: (event: StateEvent) => void;
}

export class Editing {
  readonly replica: Replica;
  /** Under whose name edits are numbered. */
  clientId: string;
  /** The epoch of the room's owner, and of the one that committed the newest version seen. */
  epoch: number | null = null;
  versionEpoch: number | null = null;
  readonly #window: number;
  readonly #outbox: Outbox;
  readonly #tell: (event: StateEvent) => void;
  #cursor: readonly Range[] | null = null;
  #cursorSent = true;

  constructor({ clientId, window, outbox, tell }: EditingOptions, replica: Replica = new Replica()) {
    this.clientId = clientId;
    this.replica = replica;
    this.#window = window;
    this.#outbox = outbox;
    this.#tell = tell;
  }

  /** The own selections in the local text. */
  get cursor(): readonly Range[] | null {
    return this.#cursor;
  }

  // ---------------------------------------------------------------- going out

  /** Apply an own edit to the local text. Throws InvalidError (invalid_operation, invalid_text). Returns whether it did anything. */
  edit(op: Operation): boolean {
    const made = this.replica.edit(op);
    if (isNoop(made)) {
      return false;
    }
    this.#moveCursor(made, true);
    this.#tell({ type: "text", op: made, own: true });
    return true;
  }

  /** The own selections in the local text. Throws InvalidError when they lie outside it. */
  setCursor(ranges: readonly Range[]): void {
    const size = this.replica.length;
    if (!ranges.flat().every((end) => Number.isInteger(end) && end >= 0 && end <= size)) {
      throw new InvalidError("A cursor position lies outside the document.");
    }
    this.#cursor = [...ranges];
    this.#cursorSent = false;
  }

  /** Send what waits and fits into the window; the cursor only behind all the edits that it stands upon. */
  send(): void {
    this.#post(this.replica.send(this.#window));
    if (!this.#cursorSent && this.#cursor !== null && this.replica.unsent.length === 0) {
      this.#cursorSent = true;
      this.#outbox.put("cursor_update", { ranges: [...this.#cursor], version: this.replica.version });
    }
  }

  /** Send all again that the room does not have. */
  sendAgain(): void {
    this.#post(this.replica.sent);
    this.#cursorSent = this.#cursor === null;
    this.send();
  }

  #post(edits: readonly SentEdit[]): void {
    for (const edit of edits) {
      edit.ref = this.#outbox.put("code_change", {
        op: onTheWire(edit.op),
        version: this.replica.version,
        client_id: this.clientId,
        seq: edit.seq,
      });
    }
  }

  // ---------------------------------------------------------------- coming in

  /** Take in commits and acknowledgements as far as they follow; `each` is called with every one that was new. */
  follow(changes: readonly Change[], each: (seen: Seen) => void): Following {
    const { replica } = this;
    for (const change of changes) {
      const own = change.client_id === this.clientId;
      if (change.version <= replica.version) {
        if (own && replica.find(null, change.seq) !== null) {
          return "foreign"; // committed below a version that was seen without it
        }
        continue;
      }
      if (change.version !== replica.version + 1) {
        return "gap";
      }
      const seen = own ? replica.acknowledge(change.seq) : this.#receive(change);
      if (seen === null) {
        return "foreign";
      }
      this.versionEpoch = this.epoch;
      each(seen);
    }
    return "followed";
  }

  /** Someone else's commit; null when it does not fit, which means that this copy is not the room's. */
  #receive({ op, user_id = "" }: Change): Seen | null {
    if (op === undefined) {
      return null;
    }
    try {
      const { seen, local } = this.replica.receive(op, user_id);
      this.#textChanged(local);
      return seen;
    } catch (error) {
      if (error instanceof InvalidError) {
        return null;
      }
      throw error;
    }
  }

  /** Move to the room's own text: see `Replica.rebase`. */
  rebase(content: string, version: number, lastSeq: number, durable: number): void {
    this.#textChanged(this.replica.rebase(content, version, lastSeq, durable));
  }

  /** Take the refused edits out of the text or, given an error, all that are not committed. */
  withdraw(error: RayroomsError | null): void {
    const { sent, unsent } = this.replica;
    const everything = error !== null;
    const errors = sent.filter((edit) => everything || edit.refusal !== null).map((edit) => edit.refusal ?? error);
    errors.push(...unsent.map(() => error));
    const { gone, undo } = this.replica.withdraw({ everything });
    this.#textChanged(undo);
    for (const [index, op] of gone.entries()) {
      const reason = errors[index];
      if (reason) {
        this.#tell({ type: "editRefused", op, error: reason });
      }
    }
  }

  /** Somebody else, or the room itself, changed the local text. */
  #textChanged(op: Operation): void {
    if (!isNoop(op)) {
      this.#moveCursor(op, false);
      this.#tell({ type: "text", op, own: false });
    }
  }

  #moveCursor(op: Operation, own: boolean): void {
    this.#cursor = this.#cursor?.map((selection) => transformRange(selection, op, own)) ?? null;
  }
}
