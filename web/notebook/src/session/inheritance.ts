/** What the user of an earlier session had not saved yet, and how it gets into the room in another user's name. */

import type { Room } from "../../../client/src/room.ts";
import { restoreReplica } from "../../../client/src/saved-state.ts";
import { diff, transform } from "../../../client/src/text/index.ts";

/** A text, and the same without the edits that are not acknowledged. */
export interface Unsaved {
  readonly base: string;
  readonly text: string;
}

/** Null when everything is saved. */
export function unsavedIn(room: Room): Unsaved | null {
  const saved = room.unsaved;
  if (saved === null) return null;
  const replica = restoreReplica(saved);
  replica.withdraw({ everything: true });
  return replica.text === saved.text ? null : { base: replica.text, text: saved.text };
}

/**
 * Make the edits that led from `base` to `text` again, as own ones, in `room` once that is joined.
 *
 * They go by text: edits are numbered by user, so that nobody can know whether an unacknowledged one of another user
 * was committed. Where the room has exactly that text, they were. Rejects with why the room takes none of them.
 */
export async function inherit(room: Room, { base, text }: Unsaved): Promise<void> {
  await room.ready;
  if (room.text === text) return;
  room.edit(transform(diff(base, text), diff(base, room.text), "left"));
}
