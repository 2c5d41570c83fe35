/** What the others in a room are doing right now, in a line. */

import type { Doing } from "../../../app/src/room/logic/activity.ts";
import type { Person } from "../../../app/src/room/logic/people.ts";

/** "Ana is editing…"; who types a message goes before who edits, unless the chat is shown and says so itself. */
export function doingLine(
  people: readonly Pick<Person, "name" | "isYou" | "doing">[],
  chatIsShown: boolean,
): string | null {
  const who = (doing: Doing): string[] =>
    people.filter((person) => !person.isYou && person.doing === doing).map(({ name }) => name);
  const writing = chatIsShown ? [] : who("writing");
  return writing.length > 0 ? sentence(writing, "typing a message…") : sentence(who("editing"), "editing…");
}

function sentence([first, second, ...more]: readonly string[], doing: string): string | null {
  if (first === undefined) return null;
  if (second === undefined) return `${first} is ${doing}`;
  const others = more.length === 0 ? second : `${more.length + 1} others`;
  return `${first} and ${others} are ${doing}`;
}
