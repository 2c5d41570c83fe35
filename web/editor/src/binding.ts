/**
 * Keeps the text of a view and of its room equal at every moment.
 *
 * A local transaction becomes one operation, which the room takes before the view does: what the room refuses never
 * shows. What happens in the room becomes a transaction. Those of others stay out of the undo history, which maps own
 * edits over them; those made here but not in this view (a restored version, say) are one step of it.
 */

import { isolateHistory } from "@codemirror/commands";
import { Annotation, EditorState, type Extension, Text, Transaction, type TransactionSpec } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type Operation, RayroomsError, type Room, type RoomEvents } from "../../client/src/index.ts";
import { changesOf, LINE_BREAK, operationOf } from "./operations.ts";
import { wellFormed } from "./wellFormed.ts";

export type EditedRoom = Pick<Room, "text" | "edit" | "on">;

/** Marks transactions that the room has already: `own` when its operation was made here, though in no view. */
const fromRoom = Annotation.define<{ op: Operation; own: boolean }>();

export class RoomBinding {
  /** What a state needs for its transactions to be expressible as operations. */
  readonly extension: Extension = [
    EditorState.lineSeparator.of(LINE_BREAK),
    EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, LINE_BREAK)),
    wellFormed,
  ];

  readonly #room: EditedRoom;
  readonly #sent = new WeakMap<Transaction, Operation>();
  /** How many own text events are still to come for transactions that the view has. */
  #expected = 0;

  constructor(room: EditedRoom) {
    this.#room = room;
  }

  /** Have a view follow the room from now on; its text must equal the room's. Returns what ends that. */
  attach(view: EditorView): () => void {
    return this.#room.on("text", (event) => {
      if (event.own && this.#expected > 0) this.#expected--;
      else view.dispatch(received(view.state, event));
    });
  }

  /** To be the view's `dispatchTransactions`: edits go to the room first, and into the view when it took them. */
  readonly dispatch = (transactions: readonly Transaction[], view: EditorView): void => {
    const accepted: Transaction[] = [];
    for (const transaction of transactions) {
      if (!this.#submit(transaction)) break; // those behind it build upon what it did
      accepted.push(transaction);
    }
    view.update(accepted);
  };

  /** The operation that went to or came from the room as this transaction, and whether it was made here. */
  operation(transaction: Transaction): { op: Operation; own: boolean } | undefined {
    const op = this.#sent.get(transaction);
    return op === undefined ? transaction.annotation(fromRoom) : { op, own: true };
  }

  /** False when the room did not take it. */
  #submit(transaction: Transaction): boolean {
    const { doc } = transaction.startState;
    if (!transaction.docChanged || transaction.annotation(fromRoom) !== undefined) return true;
    if (doc.length !== this.#room.text.length) return false; // made in the midst of the room telling of changes
    const op = operationOf(transaction.changes, doc);
    this.#expected++;
    try {
      this.#room.edit(op);
    } catch (error) {
      this.#expected--;
      if (error instanceof RayroomsError) return false;
      throw error;
    }
    this.#sent.set(transaction, op);
    return true;
  }
}

/** A room's text as a document. */
export function documentOf(text: string): Text {
  return Text.of(text.split(LINE_BREAK));
}

/** The transaction by which a text event enters a state. */
export function received(state: EditorState, { op, own }: RoomEvents["text"]): TransactionSpec {
  return {
    changes: changesOf(op, state.doc),
    annotations: [
      fromRoom.of({ op, own }),
      own ? isolateHistory.of("full") : Transaction.addToHistory.of(false),
      Transaction.remote.of(!own),
    ],
    filter: false,
  };
}
