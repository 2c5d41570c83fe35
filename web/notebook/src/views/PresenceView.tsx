/** Who is in a room, and what they do. */

import { BadgeCheck } from "lucide-preact";
import { Avatar } from "../../../app/src/components/Avatar.tsx";
import { solidColour } from "../../../app/src/room/colour.ts";
import type { Person } from "../../../app/src/room/logic/people.ts";
import type { ViewProps } from "./EditorView.tsx";
import { KernelGone } from "./KernelGone.tsx";
import { standing } from "./standing.ts";

const DOING = { writing: "Typing a message…", editing: "Editing…" } as const;

export function PresenceView({ parts, session, store }: ViewProps) {
  const { title, height } = parts.options.value;
  const present = new Set(store.present.value.map((person) => person.userId));
  const people = store.people.value.filter((person) => present.has(person.userId));
  const count = people.length === 1 ? "1 person" : `${people.length} people`;
  return (
    <>
      <header class="bar">
        <div class="bar__title">
          <h2 data-tooltip={title}>{title}</h2>
          <span class="bar__language" role="status">
            {store.status.value === "online" ? count : "Offline: this is who was here."}
          </span>
        </div>
      </header>
      <KernelGone parts={parts} session={session} store={store} />
      <ul class="body body--people" style={height === "auto" ? {} : { maxHeight: height }} aria-label="In the room">
        {people.map((person) => (
          <PersonRow key={person.userId} person={person} />
        ))}
      </ul>
    </>
  );
}

function PersonRow({ person }: { person: Person }) {
  const { name, status, isYou, verified, doing } = person;
  const isDoing = doing !== null && !isYou;
  return (
    <li class={`person person--${status}`} data-user={person.userId} data-verified={String(verified === true)}>
      <div class="person__main">
        <span aria-hidden="true">
          <Avatar name={name} colour={solidColour(person)} status={status} size="s" />
        </span>
        <span class="person__words">
          <span class="person__name" data-tooltip={`${name}: ${standing(person)}`}>
            <span class="person__given">{name}</span>
            {verified === true && <BadgeCheck class="chip__seal" size={13} aria-hidden="true" />}
            <span class="visually-hidden">{standing(person)}</span>
            {isYou && <span class="person__you">you</span>}
          </span>
          <span class={isDoing ? "person__note person__note--doing" : "person__note"}>
            {isDoing ? DOING[doing] : status === "away" ? "Away" : verified === true ? "Here" : "Guest"}
          </span>
        </span>
      </div>
    </li>
  );
}
