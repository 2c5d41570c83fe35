/** Where others' carets and selections stand, and how the own ones are told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorSelection, EditorState } from "@codemirror/state";
import type { Participant } from "../../client/src/protocol.ts";
import { colourOf } from "../src/colours.ts";
import { placeCursors, remoteCursors, setRemoteCursors } from "../src/cursors.ts";
import { selectionsOf } from "../src/ownSelections.ts";
import { FakeRoom } from "./fakeRoom.ts";
import { FakeView } from "./fakeView.ts";

function person(sessionId: string, more: Partial<Participant> = {}): Participant {
  return {
    session_id: sessionId,
    user_id: `user-${sessionId}`,
    name: sessionId.toUpperCase(),
    colour: "#1b62b8",
    role: "member",
    ...more,
  };
}

function setUp(text: string): { room: FakeRoom; view: FakeView; refresh: () => void } {
  const room = new FakeRoom(text);
  const view = new FakeView(room, remoteCursors);
  const refresh = () => {
    view.dispatch({
      effects: setRemoteCursors.of(placeCursors(room, view.state.doc, view.state.field(remoteCursors))),
    });
  };
  return { room, view, refresh };
}

function heads(view: FakeView): number[][] {
  return view.state.field(remoteCursors).map(({ ranges }) => ranges.map(({ head }) => head));
}

test("ED-10 cursors stand where the room says, also past emoji and with several selections", () => {
  const { room, view, refresh } = setUp("😀a😁b\nc");
  room.others = [person("ana"), person("bo"), person("cy")];
  room.cursors = new Map([
    ["ana", [[3, 3]]],
    [
      "bo",
      [
        [1, 2],
        [6, 4],
      ],
    ],
  ]);
  refresh();
  const [ana, bo] = view.state.field(remoteCursors);
  assert.equal(view.state.field(remoteCursors).length, 2, "who has no cursor has none shown");
  assert.equal(ana?.name, "ANA");
  assert.equal(ana?.ranges[0]?.head, 5);
  assert.deepEqual(
    bo?.ranges.map(({ anchor, head }) => [anchor, head]),
    [
      [2, 3],
      [8, 6],
    ],
  );
});

test("ED-10 a cursor that names a place past the end stands at the end", () => {
  const { room, view, refresh } = setUp("😀");
  room.others = [person("ana")];
  room.cursors = new Map([["ana", [[9, 9]]]]);
  refresh();
  assert.deepEqual(heads(view), [[2]]);
});

test("ED-11 cursors ride along with the text: an insert at a caret goes to its right, a delete takes it along", () => {
  const { room, view, refresh } = setUp("abcdef");
  room.others = [person("ana")];
  room.cursors = new Map([["ana", [[3, 3]]]]);
  refresh();
  view.type(3, "X");
  assert.deepEqual(heads(view), [[3]]);
  room.receive(["😀"]);
  assert.deepEqual(heads(view), [[5]]);
  room.receive([2, { d: 3 }]);
  assert.deepEqual(heads(view), [[3]]);
});

test("ED-11 a cursor counts as moved when its owner moved it, and not when it rode along", () => {
  const { room, view, refresh } = setUp("abcdef");
  const moves = () => view.state.field(remoteCursors)[0]?.moves;
  room.others = [person("ana")];
  room.cursors = new Map([["ana", [[3, 3]]]]);
  refresh();
  assert.equal(moves(), 1);
  view.type(0, "xy");
  room.cursors = new Map([["ana", [[5, 5]]]]);
  refresh();
  assert.equal(moves(), 1);
  room.cursors = new Map([["ana", [[6, 6]]]]);
  refresh();
  assert.equal(moves(), 2);
});

test("ED-12 the own selections are told in code points, the main one first", () => {
  const state = EditorState.create({
    doc: "😀a😁b",
    selection: EditorSelection.create([EditorSelection.range(0, 2), EditorSelection.range(6, 3)], 1),
    extensions: EditorState.allowMultipleSelections.of(true),
  });
  assert.deepEqual(selectionsOf(state), [
    [4, 2],
    [0, 1],
  ]);
});

test("ED-13 everybody has a colour of their own, the same each time; another is made up from the id as the server does", () => {
  assert.equal(colourOf({ user_id: "x", colour: "#1b62b8" }).solid, "#1b62b8");
  // zlib.crc32 of each id, modulo 12, in the server's palette
  assert.equal(colourOf({ user_id: "ana" }).solid, "#00728f");
  assert.equal(colourOf({ user_id: "Zoë 😀", colour: "" }).solid, "#8a6100");
  assert.equal(colourOf({ user_id: "u-1", colour: "not a colour" }).solid, "#b3261e");
});
