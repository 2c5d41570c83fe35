/** Rule NB-29: what an earlier session of the same person had not saved, made again in the room. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Room } from "../../client/src/room.ts";
import { FakeServer, ROOM } from "../../client/test/fake-server.ts";
import { until } from "../../client/test/waiting.ts";
import { inherit, unsavedIn } from "../src/session/inheritance.ts";

async function inside(server: FakeServer, use: (room: Room) => Promise<void>): Promise<void> {
  const timing = { retryFirst: 5, retryMost: 20, tick: 5 };
  const room = Room.open({ url: server.url, roomId: ROOM, token: () => "t", timing });
  try {
    await use(room);
  } finally {
    await room.close({ wait: false });
  }
}

const CASES: [what: string, now: string, base: string, text: string, expected: string][] = [
  ["upon what others have written since", "A new one: two.", "one: two.", "one: two. Three.", "A new one: two. Three."],
  ["not twice, where the room has exactly that text", "once", "", "once", "once"],
  ["also in a room that has lost what they stood on", "", "lost ", "lost typed", "typed"],
];

for (const [what, now, base, text, expected] of CASES) {
  test(`NB-29: unsaved edits are made again ${what}`, () =>
    FakeServer.run((server) =>
      inside(server, async (room) => {
        await room.ready;
        room.setText(now);
        await room.whenSaved();
        await inherit(room, { base, text });
        await room.whenSaved();
        assert.equal(server.room.text, expected);
      }),
    ));
}

test("NB-29: unsaved are the edits that no room has acknowledged", () =>
  FakeServer.run((server) =>
    inside(server, async (room) => {
      await room.ready;
      assert.equal(unsavedIn(room), null);
      server.isDurable = false;
      room.insert(0, "kept ");
      await until(() => room.saved.unsent === 0);
      assert.equal(unsavedIn(room), null);
      server.ignored.add("code_change");
      room.insert(5, "on its way ");
      room.delete(0, 2);
      assert.deepEqual(unsavedIn(room), { base: "kept ", text: "pt on its way " });
    }),
  ));
