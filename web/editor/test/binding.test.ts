/** The binding of room and view: one operation a transaction, equal texts, own undo. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isolateHistory, redo, undo, undoDepth } from "@codemirror/commands";
import { ChangeSet, EditorSelection, Transaction } from "@codemirror/state";
import { apply, check, diff } from "../../client/src/text/index.ts";
import { documentOf } from "../src/binding.ts";
import { changesOf, operationOf } from "../src/operations.ts";
import { FakeRoom } from "./fakeRoom.ts";
import { FakeView } from "./fakeView.ts";
import { below, type Random, randomOffset, randomText, seeded } from "./random.ts";

function setUp(text = ""): { room: FakeRoom; view: FakeView } {
  const room = new FakeRoom(text);
  return { room, view: new FakeView(room) };
}

/** A few changes to a text, in order and apart, that cut no pair. */
function randomChanges(random: Random, text: string): { from: number; to: number; insert: string }[] {
  const ends = Array.from({ length: 2 * (1 + below(random, 3)) }, () => randomOffset(random, text)).sort(
    (a, b) => a - b,
  );
  const changes = [];
  for (let index = 0; index + 1 < ends.length; index += 2) {
    changes.push({ from: ends[index] ?? 0, to: ends[index + 1] ?? 0, insert: randomText(random, 6) });
  }
  return changes;
}

test("ED-2 changes and operations say the same, whatever line ends and pairs there are", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = seeded(seed);
    const text = randomText(random, 60);
    const doc = documentOf(text);
    const changes = ChangeSet.of(randomChanges(random, text), text.length, "\n");
    const after = changes.apply(doc).toString();
    const op = operationOf(changes, doc);
    check(op);
    assert.equal(apply(text, op), after);
    assert.equal(changesOf(op, doc).apply(doc).toString(), after);
    const other = diff(text, randomText(random, 60));
    assert.equal(changesOf(other, doc).apply(doc).toString(), apply(text, other));
  }
});

test("ED-2 a delete before an insert at one place is as good as one after", () => {
  const doc = documentOf("a😀b");
  assert.equal(
    changesOf([1, { d: "😀" }, "x"], doc)
      .apply(doc)
      .toString(),
    "axb",
  );
  assert.equal(
    changesOf([1, "x", { d: 1 }], doc)
      .apply(doc)
      .toString(),
    "axb",
  );
});

test("ED-3 one transaction becomes one operation, in code points, its deletes with their text", () => {
  const { room, view } = setUp("😀 one\r\ntwo");
  view.dispatch({
    changes: [
      { from: 3, to: 6, insert: "1" },
      { from: 8, insert: "🎉" },
    ],
  });
  assert.deepEqual(room.taken, [[2, "1", { d: "one" }, 2, "🎉"]]);
  assert.equal(room.text, "😀 1\r\n🎉two");
  assert.equal(view.text, room.text);
});

test("ED-3 room and view stay equal through edits of both sides", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    const { room, view } = setUp(randomText(random, 40));
    for (let round = 0; round < 60; round++) {
      const choice = below(random, 5);
      if (choice <= 1) view.dispatch({ changes: randomChanges(random, view.text) });
      else if (choice === 2) view.run(random() < 0.6 ? undo : redo);
      else if (choice === 3)
        room.setText(`${randomText(random, 10)}${room.text.slice(randomOffset(random, room.text))}`);
      else
        room.receive(
          operationOf(ChangeSet.of(randomChanges(random, room.text), room.text.length, "\n"), view.state.doc),
        );
      assert.equal(view.text, room.text, `seed ${seed}, round ${round}`);
    }
  }
});

test("ED-3 edits may cut pairs anywhere and bring anything: room and view stay equal and well-formed", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    const { room, view } = setUp("😀😁🎉".repeat(4));
    for (let round = 0; round < 40; round++) {
      const from = below(random, view.text.length);
      const insert = ["", "x", "\0", "\ud83d", "\ude00", "a\ude01\ud83d", "😁"][below(random, 7)] ?? "";
      view.dispatch({ changes: { from, to: from + below(random, 2), insert } });
      if (random() < 0.2) view.run(undo);
      if (view.text.length < 6) room.receive(["😀😁🎉"]);
      assert.equal(view.text, room.text, `seed ${seed}, round ${round}`);
      assert.doesNotMatch(view.text, /[\0\p{Surrogate}]/u);
    }
  }
});

test("ED-4 carriage returns are characters of the text, and no line ends", () => {
  const { room, view } = setUp("a\r\nb\rc");
  assert.equal(view.state.doc.lines, 2);
  view.type(5, "x");
  assert.deepEqual(room.taken, [[5, "x"]]);
  assert.equal(room.text, "a\r\nb\rxc");
  room.receive([1, { d: "\r" }]);
  assert.equal(view.text, "a\nb\rxc");
});

test("ED-5 an edit of half a pair is widened to the pair", () => {
  const { room, view } = setUp("a😀b");
  view.dispatch({
    changes: { from: 2, to: 3, insert: "\ude01" },
    selection: { anchor: 3 },
    userEvent: "input.type.compose",
  });
  assert.deepEqual(room.taken, [[1, "😁", { d: "😀" }]]);
  assert.equal(view.text, "a😁b");
  assert.equal(view.state.selection.main.head, 3);
  room.receive([1, { d: "😁" }]);
  view.run(undo);
  assert.doesNotMatch(view.text, /\p{Surrogate}/u);
  assert.equal(view.text, room.text);
});

test("ED-5 deleting half a pair deletes it", () => {
  const { room, view } = setUp("a😀b");
  view.dispatch({ changes: { from: 2, to: 3 } });
  assert.equal(view.text, "ab");
  assert.equal(room.text, "ab");
});

test("ED-5 NUL and lone surrogates are filtered from what comes in; the caret stays behind the rest", () => {
  const { room, view } = setUp("ab");
  view.dispatch({ changes: { from: 1, insert: "x\0y\ud83dz" }, selection: { anchor: 6 }, userEvent: "input.paste" });
  assert.deepEqual(room.taken, [[1, "xyz"]]);
  assert.equal(view.text, "axyzb");
  assert.equal(view.state.selection.main.head, 4);
  view.run(undo);
  assert.equal(view.text, "ab");
});

test("ED-6 what the room refuses never shows", () => {
  const { room, view } = setUp("ab");
  room.role = "viewer";
  view.type(1, "x");
  assert.equal(view.text, "ab");
  room.role = "member";
  view.type(1, "y");
  assert.equal(view.text, "ayb");
  assert.equal(room.text, "ayb");
});

test("ED-6 an edit that the room takes out again leaves the view, and the undo history does not bring it back", () => {
  const { room, view } = setUp("ab");
  view.type(1, "x");
  room.receive([1, { d: "x" }]);
  assert.equal(view.text, "ab");
  view.run(undo);
  assert.equal(view.text, "ab");
  assert.equal(room.text, "ab");
});

test("ED-7 undo takes back own edits only", () => {
  const { room, view } = setUp("");
  view.type(0, "mine");
  room.receive([4, " theirs"]);
  assert.ok(view.run(undo));
  assert.equal(view.text, " theirs");
  assert.ok(view.run(redo));
  assert.equal(view.text, "mine theirs");
  assert.equal(room.text, view.text);
});

test("ED-7 with nothing of one's own there is nothing to undo", () => {
  const { room, view } = setUp("");
  room.receive(["theirs"]);
  assert.equal(view.run(undo), false);
  assert.equal(view.text, "theirs");
});

test("ED-7 undo after others wrote inside, deleted around and replaced over an own edit", () => {
  const { room, view } = setUp("[]");
  view.type(1, "own");
  room.receive([2, "X"]); // [oXwn]
  view.run(undo);
  assert.equal(view.text, "[X]");
  view.run(redo);
  assert.equal(room.text, view.text);

  const other = setUp("abcdef");
  other.view.dispatch({ changes: { from: 2, to: 4 } }); // abef
  other.room.receive([1, { d: "be" }]); // af: around the place of the deletion
  other.view.run(undo);
  assert.equal(other.view.text, "acdf");
  assert.equal(other.room.text, "acdf");

  const third = setUp("");
  third.view.type(0, "gone");
  third.room.receive([{ d: "gone" }, "new"]);
  third.view.run(undo);
  assert.equal(third.view.text, "new");
});

test("ED-7 two people undo each their own, and their texts stay equal", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const start = randomText(random, 20);
    const [ana, bo] = [setUp(start), setUp(start)];
    for (let round = 0; round < 40; round++) {
      const [mine, theirs] = random() < 0.5 ? [ana, bo] : [bo, ana];
      const before = mine.room.taken.length;
      if (random() < 0.6)
        mine.view.dispatch({ changes: randomChanges(random, mine.view.text), annotations: isolateHistory.of("full") });
      else mine.view.run(random() < 0.7 ? undo : redo);
      for (const op of mine.room.taken.slice(before)) theirs.room.receive(op);
      assert.equal(mine.view.text, theirs.view.text, `seed ${seed}, round ${round}`);
    }
  }
});

test("ED-8 a restored version is one step of the undo history, apart from what was typed just before", () => {
  const { room, view } = setUp("one\ntwo 😀\nthree");
  view.type(0, "x");
  room.setText("ONE\ntwo 😁\nthree\nfour");
  assert.equal(view.text, room.text);
  assert.equal(room.taken.length, 2);
  assert.equal(undoDepth(view.state), 2);
  view.run(undo);
  assert.equal(view.text, "xone\ntwo 😀\nthree");
  assert.equal(room.text, view.text);
  view.run(redo);
  assert.equal(view.text, "ONE\ntwo 😁\nthree\nfour");
});

test("ED-8 others' changes are marked as remote, and move the own selection along", () => {
  const { room, view } = setUp("abc");
  view.dispatch({ selection: EditorSelection.single(1, 3) });
  const seen: (boolean | undefined)[] = [];
  const update = view.update.bind(view);
  view.update = (transactions) => {
    seen.push(...transactions.map((transaction) => transaction.annotation(Transaction.remote)));
    update(transactions);
  };
  room.receive(["😀"]);
  room.setText("x😀abc");
  assert.deepEqual(seen, [true, false]);
  assert.equal(view.state.sliceDoc(view.state.selection.main.from, view.state.selection.main.to), "bc");
});

test("ED-9 an edit made while the room tells of something goes in once, though its event comes later", () => {
  const { room, view } = setUp("abc");
  room.on("joined", () => view.type(0, "x"));
  room.emit("joined", { first: true });
  assert.equal(view.text, "xabc");
  assert.equal(room.text, "xabc");
  room.setText("y");
  assert.equal(view.text, "y");
});

test("ED-9 an edit made before the view has learned of what the room has is not made at all", () => {
  const room = new FakeRoom("abc");
  const early = room.on("text", () => view.type(3, "!"));
  const view = new FakeView(room);
  room.receive(["x"]);
  early();
  assert.equal(view.text, "xabc");
  assert.equal(room.text, "xabc");
});

test("ED-9 once detached a view follows no more", () => {
  const { room, view } = setUp("abc");
  view.detach();
  room.receive(["x"]);
  assert.equal(view.text, "abc");
});
