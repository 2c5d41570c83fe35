/** Who belongs to the room: who is here, away, not here; what they do; and, for admins, what they may. */

import { BadgeCheck, Ellipsis, UserMinus } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { GrantedRole, Role, Status } from "../../../../client/src/index.ts";
import { ConfirmDialog } from "../../components/ConfirmDialog.tsx";
import { Avatar, IconButton, Menu, type MenuItem, toast } from "../../components/index.ts";
import { explain } from "../../explain.ts";
import { timeAgo } from "../../format.ts";
import { solidColour } from "../colour.ts";
import { useRoom } from "../context.ts";
import { type Person, powersOver, sectionsOf } from "../logic/people.ts";

const STATUS_TITLES: Record<Status, string> = { online: "Online", away: "Away", offline: "Offline" };
const ROLE_NAMES: Record<Role, string> = { owner: "Owner", admin: "Admin", member: "Member", viewer: "Viewer" };
const DOING = { writing: "Typing a message…", editing: "Editing…" } as const;

export function PeoplePanel() {
  const { store } = useRoom();
  useEffect(() => void store.refreshMembers(), [store]);
  return (
    <div class="people" data-panel-focus tabIndex={-1}>
      {sectionsOf(store.people.value).map(({ status, people }) => (
        <section key={status} aria-label={STATUS_TITLES[status]}>
          <h3>
            {STATUS_TITLES[status]} <span class="people__count">{people.length}</span>
          </h3>
          <ul>
            {people.map((person) => (
              <PersonRow key={person.userId} person={person} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function PersonRow({ person }: { person: Person }) {
  const { ui } = useRoom();
  const find = (): void => {
    const editor = ui.editor.value;
    const found = editor !== null && person.sessions.some((session) => editor.scrollToSession(session));
    if (!found) {
      toast(`${person.name} has no cursor in the document now.`);
    } else if (ui.narrow.value) {
      ui.show(null); // the panel is in front of what was found
    }
  };
  const canBeFound = !person.isYou && person.status !== "offline";
  return (
    <li class={`person person--${person.status}`} data-user={person.userId}>
      {canBeFound ? (
        <button type="button" class="person__main" data-tooltip={`Go to ${person.name}'s cursor`} onClick={find}>
          <PersonFacts person={person} />
        </button>
      ) : (
        <div class="person__main">
          <PersonFacts person={person} />
        </div>
      )}
      <PersonMenu person={person} />
    </li>
  );
}

function PersonFacts({ person }: { person: Person }) {
  return (
    <>
      <span aria-hidden="true">
        <Avatar name={person.name} colour={solidColour(person)} status={person.status} />
      </span>
      <span class="person__words">
        <PersonName person={person} />
        <span class={person.doing === null ? "person__note" : "person__note person__note--doing"}>{note(person)}</span>
      </span>
    </>
  );
}

/** Of those who are here it says whether somebody vouches for the name: to the eye with a seal, to others in words. */
function PersonName({ person }: { person: Person }) {
  const guest = person.verified === false;
  return (
    <span class="person__name">
      <span class="person__given" data-tooltip={guest ? "Guest: a name that anybody could have chosen" : undefined}>
        {person.name}
      </span>
      {guest && <span class="visually-hidden">, guest</span>}
      {person.verified === true && (
        <span class="person__seal" data-tooltip="Signed in with an account">
          <BadgeCheck size={14} aria-hidden="true" />
          <span class="visually-hidden">, signed in</span>
        </span>
      )}
      {person.isYou && <span class="person__you">you</span>}
    </span>
  );
}

function note(person: Person): string {
  if (person.doing !== null && !person.isYou) {
    return DOING[person.doing];
  }
  const role = ROLE_NAMES[person.role];
  if (person.status !== "offline") {
    return role;
  }
  const seen = person.lastSeen === null ? "not here yet" : `here ${timeAgo(new Date(person.lastSeen), new Date())}`;
  return `${role} · ${seen}`;
}

function PersonMenu({ person }: { person: Person }) {
  const { store } = useRoom();
  const [asked, setAsked] = useState(false);
  const { roles, canRemove } = powersOver(store.role.value, person);
  if (!canRemove) {
    return null;
  }
  const { roomId } = store.room;
  const setRole = async (role: GrantedRole): Promise<void> => {
    try {
      await store.rest.setRole(roomId, person.userId, role);
      await store.refreshMembers();
    } catch (error) {
      toast(explain(error), { kind: "error" });
    }
  };
  const items: (MenuItem | "separator")[] = [
    ...roles.map((role) => ({
      label: ROLE_NAMES[role],
      checked: person.role === role,
      onSelect: () => void setRole(role),
    })),
    "separator",
    { label: "Remove from room…", icon: UserMinus, danger: true, onSelect: () => setAsked(true) },
  ];
  return (
    <>
      <Menu
        label={`What ${person.name} may do`}
        items={items}
        trigger={(props) => (
          <IconButton {...props} class="person__menu" size="s" icon={Ellipsis} label={`Manage ${person.name}`} />
        )}
      />
      {asked && (
        <ConfirmDialog
          title={`Remove ${person.name}?`}
          confirm="Remove"
          danger
          onClose={() => setAsked(false)}
          onConfirm={async () => {
            await store.rest.removeMember(roomId, person.userId);
            await store.refreshMembers();
            setAsked(false);
          }}
        >
          <p>
            They are out of the room at once. What they wrote stays.
            {store.isPrivate.value === false && " As the room is public, they can come back."}
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
