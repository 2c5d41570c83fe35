/** As much of an EditorView as a binding needs: states that follow transactions, without a page. */

import { history } from "@codemirror/commands";
import { EditorState, type Extension, type Transaction, type TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { documentOf, RoomBinding } from "../src/binding.ts";
import type { FakeRoom } from "./fakeRoom.ts";

export class FakeView {
  state: EditorState;
  readonly binding: RoomBinding;
  readonly detach: () => void;

  constructor(room: FakeRoom, extensions: Extension = []) {
    this.binding = new RoomBinding(room);
    this.state = EditorState.create({
      doc: documentOf(room.text),
      extensions: [this.binding.extension, history(), extensions],
    });
    this.detach = this.binding.attach(this as unknown as EditorView);
  }

  get text(): string {
    return this.state.sliceDoc();
  }

  readonly dispatch = (spec: Transaction | TransactionSpec): void => {
    const transaction = "startState" in spec ? (spec as Transaction) : this.state.update(spec);
    this.binding.dispatch([transaction], this as unknown as EditorView);
  };

  update(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.state = transaction.state;
  }

  /** Run a command; whether it applied. */
  run(command: (target: { state: EditorState; dispatch: (transaction: Transaction) => void }) => boolean): boolean {
    return command(this);
  }

  type(from: number, insert: string, to = from): void {
    this.dispatch({
      changes: { from, to, insert },
      selection: { anchor: from + insert.length },
      userEvent: "input.type",
    });
  }
}
