/** A room without a network: takes own edits at once, and is told what the others do. */

import { Listeners } from "../../client/src/dispatch.ts";
import { ForbiddenError } from "../../client/src/errors.ts";
import type { RoomEventName, RoomEvents } from "../../client/src/events.ts";
import type { Operation, Participant, Range, Role } from "../../client/src/protocol.ts";
import { applyChecked, check, diff, isNoop } from "../../client/src/text/index.ts";

export class FakeRoom {
  text: string;
  role: Role | null = "member";
  sessionId: string | null = "me";
  others: Participant[] = [];
  cursors = new Map<string, Range[]>();
  /** The own edits it took, and the own cursors it was shown. */
  readonly taken: Operation[] = [];
  readonly shown: Range[][] = [];
  readonly #listeners = new Listeners<RoomEvents>();

  constructor(text = "") {
    this.text = text;
  }

  on<E extends RoomEventName>(event: E, listener: (data: RoomEvents[E]) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  emit<E extends RoomEventName>(event: E, data: RoomEvents[E]): void {
    this.#listeners.post(event, data);
    this.#listeners.tell();
  }

  edit(op: Operation): void {
    if (this.role === "viewer") throw new ForbiddenError("Viewers can read and chat.", { code: "read_only" });
    check(op);
    const [text, whole] = applyChecked(this.text, op);
    if (isNoop(whole)) return;
    this.text = text;
    this.taken.push(whole);
    this.emit("text", { op: whole, own: true });
  }

  setText(text: string): void {
    this.edit(diff(this.text, text));
  }

  setCursor(ranges: Range[]): void {
    this.shown.push(ranges);
  }

  /** Somebody else's edit, as it is for the local text. */
  receive(op: Operation): void {
    this.text = applyChecked(this.text, op)[0];
    this.emit("text", { op, own: false });
  }
}
