/**
 * Tabs of one browser, one after the other, at a running server: each types and is closed.
 *
 * Started with a JSON argument {url, roomId, userId, token}. A command opens a tab, to wait for the room or not, types
 * there, and closes the tab, to wait until all is saved or not; then it reports {text, client_id, saved}.
 */

import "fake-indexeddb/auto";
import { openEditStore, Room } from "../../src/index.ts";
import { commands, report } from "./lines.ts";

interface Plan {
  url: string;
  roomId: string;
  userId: string;
  token: string;
}

interface Visit {
  waits_for_room: boolean;
  types: string;
  waits_until_saved: boolean;
}

const { token, ...place } = JSON.parse(process.argv[2] ?? "") as Plan;

for await (const command of commands()) {
  const { waits_for_room, types, waits_until_saved } = command as Visit;
  const store = await openEditStore();
  const room = Room.open({ ...place, token: () => token, store, timing: { retryFirst: 20, retryMost: 300 } });
  const isKeeping = async () => {
    while (!room.keepsEdits) await new Promise((resolve) => setImmediate(resolve));
  };
  await (waits_for_room ? room.ready : isKeeping());
  for (const letter of types) room.insert([...room.text].length, letter);
  if (waits_until_saved) await room.whenSaved();
  const { text, clientId, saved } = room;
  await room.close({ wait: false });
  store?.close();
  report({ text, client_id: clientId, saved });
}
