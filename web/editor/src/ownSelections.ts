/** Shows the room where the own carets and selections are: at most once a frame, and only what it cannot know. */

import type { EditorState, Extension } from "@codemirror/state";
import { type EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { type Range, RayroomsError, type Room, text } from "../../client/src/index.ts";
import type { RoomBinding } from "./binding.ts";
import { toCodePoints } from "./offsets.ts";

/** The selections of a state as the room knows them, in code points: the main one first. */
export function selectionsOf(state: EditorState): Range[] {
  const { main, ranges } = state.selection;
  return [main, ...ranges.filter((range) => range !== main)].map(({ anchor, head }) => [
    toCodePoints(state.doc, anchor),
    toCodePoints(state.doc, head),
  ]);
}

export function ownSelections(room: Pick<Room, "setCursor">, binding: RoomBinding): Extension {
  return ViewPlugin.define((view) => new OwnSelections(view, room, binding));
}

class OwnSelections {
  readonly #view: EditorView;
  readonly #room: Pick<Room, "setCursor">;
  readonly #binding: RoomBinding;
  /** What the others see by now; null until there was anything to see. */
  #told: readonly Range[] | null = null;
  #frame: number | null = null;

  constructor(view: EditorView, room: Pick<Room, "setCursor">, binding: RoomBinding) {
    this.#view = view;
    this.#room = room;
    this.#binding = binding;
  }

  update(update: ViewUpdate): void {
    if (this.#told !== null) for (const transaction of update.transactions) this.#follow(transaction);
    const touched = update.selectionSet || (update.focusChanged && update.view.hasFocus);
    if (touched || (update.docChanged && this.#told !== null)) this.#frame ??= requestAnimationFrame(this.#tell);
  }

  destroy(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
  }

  /** Everybody carries carets over edits by one rule, so plain typing moves them without a message. */
  #follow(transaction: ViewUpdate["transactions"][number]): void {
    const made = this.#binding.operation(transaction);
    if (made !== undefined)
      this.#told = this.#told?.map((range) => text.transformRange(range, made.op, made.own)) ?? null;
  }

  readonly #tell = (): void => {
    this.#frame = null;
    const ranges = selectionsOf(this.#view.state);
    if (this.#told !== null && sameRanges(this.#told, ranges)) return;
    try {
      this.#room.setCursor(ranges);
      this.#told = ranges;
    } catch (error) {
      if (!(error instanceof RayroomsError)) throw error; // a room that is closed shows no cursors
    }
  };
}

function sameRanges(one: readonly Range[], other: readonly Range[]): boolean {
  return (
    one.length === other.length &&
    one.every(([anchor, head], index) => anchor === other[index]?.[0] && head === other[index]?.[1])
  );
}
