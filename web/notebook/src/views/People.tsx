/** Who is in the room, in a bar: their pictures, with names where there is room; pressed, one goes to their cursor. */

import { BadgeCheck } from "lucide-preact";
import { Avatar } from "../../../app/src/components/Avatar.tsx";
import { solidColour } from "../../../app/src/room/colour.ts";
import type { Person } from "../../../app/src/room/logic/people.ts";
import type { RoomStore } from "../../../app/src/room/roomStore.ts";
import { standing } from "./standing.ts";

const MOST = 5;

export interface PeopleProps {
  store: RoomStore;
  /** Goes to somebody's cursor, where there is a text. */
  onFind?: (sessions: readonly string[], name: string) => void;
}

export function People({ store, onFind }: PeopleProps) {
  const people = store.present.value;
  const shown = people.length > MOST ? people.slice(0, MOST - 1) : people;
  const rest = people.slice(shown.length);
  return (
    <ul class="people-bar" aria-label="In the room">
      {shown.map((person) => (
        <li key={person.userId}>
          <PersonChip person={person} {...(onFind && { onFind })} />
        </li>
      ))}
      {rest.length > 0 && (
        <li data-tooltip={rest.map((person) => person.name).join(", ")}>
          <span class="avatar avatar--s avatar--more" role="img" aria-label={`and ${rest.length} more`}>
            <span aria-hidden="true">+{rest.length}</span>
          </span>
        </li>
      )}
    </ul>
  );
}

function PersonChip({ person, onFind }: { person: Person; onFind?: PeopleProps["onFind"] }) {
  const { name, isYou, status, sessions } = person;
  const tooltip = `${isYou ? `${name} (you)` : name}: ${standing(person)}${status === "away" ? " Away now." : ""}`;
  const content = (
    <>
      <Avatar name={name} colour={solidColour(person)} size="s" {...(status === "away" ? { status } : {})} />
      <span class="chip__name" aria-hidden="true">
        {isYou ? "You" : name}
      </span>
      {person.verified === true && <BadgeCheck class="chip__seal" size={13} aria-hidden="true" />}
      <span class="visually-hidden">{standing(person)}</span>
    </>
  );
  const facts = {
    "data-user": person.userId,
    "data-verified": String(person.verified === true),
    "data-tooltip": tooltip,
  };
  return isYou || onFind === undefined ? (
    <span class="chip" {...facts}>
      {content}
    </span>
  ) : (
    <button type="button" class="chip" {...facts} onClick={() => onFind(sessions, name)}>
      {content}
    </button>
  );
}
