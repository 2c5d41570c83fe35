/** Where the others are: their selections in the state of a view, kept up to date with the room. */

import {
  type ChangeDesc,
  EditorSelection,
  type SelectionRange,
  StateEffect,
  StateField,
  type Text,
} from "@codemirror/state";
import { type EditorView, ViewPlugin } from "@codemirror/view";
import type { Participant, Range, Room } from "../../client/src/index.ts";
import { type Colours, colourOf } from "./colours.ts";
import { codePoints, toUtf16 } from "./offsets.ts";

export interface RemoteCursor {
  readonly sessionId: string;
  readonly name: string;
  readonly colours: Colours;
  readonly away: boolean;
  /** The main one first. */
  readonly ranges: readonly SelectionRange[];
  /** Goes up whenever they move of themselves, not merely along with the text: time to show who it is. */
  readonly moves: number;
}

export type CursorRoom = Pick<Room, "cursors" | "others" | "on">;

export const setRemoteCursors = StateEffect.define<readonly RemoteCursor[]>();

/** The others' cursors, in the order in which the people came. */
export const remoteCursors = StateField.define<readonly RemoteCursor[]>({
  create: () => [],
  update(cursors, transaction) {
    for (const effect of transaction.effects) if (effect.is(setRemoteCursors)) return effect.value;
    if (!transaction.docChanged || cursors.length === 0) return cursors;
    return cursors.map((cursor) => ({
      ...cursor,
      ranges: cursor.ranges.map((range) => carry(range, transaction.changes)),
    }));
  },
});

/** A selection after changes by somebody else: what they insert at either end goes to its right. */
function carry(range: SelectionRange, changes: ChangeDesc): SelectionRange {
  const anchor = changes.mapPos(range.anchor, -1);
  return EditorSelection.range(anchor, range.empty ? anchor : changes.mapPos(range.head, -1));
}

/** The cursors as the room now has them; `known` are those that the view has. */
export function placeCursors(
  room: Pick<CursorRoom, "cursors" | "others">,
  doc: Text,
  known: readonly RemoteCursor[],
): readonly RemoteCursor[] {
  const placed = room.cursors;
  const cursors: RemoteCursor[] = [];
  for (const participant of room.others) {
    const ranges = placed.get(participant.session_id);
    if (ranges === undefined || ranges.length === 0) continue;
    const before = known.find((cursor) => cursor.sessionId === participant.session_id);
    cursors.push(placeCursor(participant, ranges, doc, before));
  }
  return cursors;
}

function placeCursor(
  participant: Participant,
  ranges: readonly Range[],
  doc: Text,
  before: RemoteCursor | undefined,
): RemoteCursor {
  const size = codePoints(doc);
  const placed = ranges.map(([anchor, head]) =>
    EditorSelection.range(toUtf16(doc, Math.min(anchor, size)), toUtf16(doc, Math.min(head, size))),
  );
  const moved = before === undefined || !sameSelections(before.ranges, placed);
  return {
    sessionId: participant.session_id,
    name: participant.name,
    colours: colourOf(participant),
    away: participant.status === "away",
    ranges: placed,
    moves: (before?.moves ?? 0) + (moved ? 1 : 0),
  };
}

function sameSelections(one: readonly SelectionRange[], other: readonly SelectionRange[]): boolean {
  return (
    one.length === other.length && one.every((range, index) => other[index] !== undefined && range.eq(other[index]))
  );
}

function sameCursor(one: RemoteCursor, other: RemoteCursor | undefined): boolean {
  return (
    one.sessionId === other?.sessionId &&
    one.moves === other.moves &&
    one.name === other.name &&
    one.away === other.away &&
    one.colours === other.colours
  );
}

/**
 * Reads the cursors from the room, once a frame in which anything happened. Until then those in the state ride along
 * with the text; the room knows better, as it also knows who typed, and a frame is painted only after it was asked.
 */
export function followCursors(room: CursorRoom): ViewPlugin<FollowCursors> {
  return ViewPlugin.define((view) => new FollowCursors(view, room));
}

class FollowCursors {
  readonly #view: EditorView;
  readonly #room: CursorRoom;
  readonly #stops: readonly (() => void)[];
  #frame: number | null = null;

  constructor(view: EditorView, room: CursorRoom) {
    this.#view = view;
    this.#room = room;
    const wanted = () => this.#want();
    this.#stops = [
      room.on("text", wanted),
      room.on("cursor", wanted),
      room.on("presence", wanted),
      room.on("joined", wanted),
    ];
    this.#want();
  }

  destroy(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    for (const stop of this.#stops) stop();
  }

  #want(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      const known = this.#view.state.field(remoteCursors);
      const cursors = placeCursors(this.#room, this.#view.state.doc, known);
      const same =
        cursors.length === known.length && cursors.every((cursor, index) => sameCursor(cursor, known[index]));
      if (!same) this.#view.dispatch({ effects: setRemoteCursors.of(cursors) });
    });
  }
}
