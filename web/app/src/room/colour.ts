/** The colours of people, as the editor and the page both show it. */

import { colourOf } from "../../../editor/src/colours.ts";
import type { RoomStore } from "./roomStore.ts";

/** White letters are readable upon it. */
export function solidColour(person: { userId: string; colour: string }): string {
  return colourOf({ user_id: person.userId, colour: person.colour }).solid;
}

/** The same for whoever wrote something, also when they are no longer known to the room. */
export function authorColour(store: RoomStore, userId: string): string {
  const colour = store.known.value.find((person) => person.userId === userId)?.colour ?? "";
  return solidColour({ userId, colour });
}
