/** The list of people: members who are here, who are away, who are not; and guests of a public room. */

import type { GrantedRole, Participant, Role, Status } from "../../../../client/src/index.ts";
import type { Doing } from "./activity.ts";

/** What the list needs to know of a membership. */
export interface MemberFacts {
  user_id: string;
  name: string;
  colour: string;
  role: Role;
  /** ISO 8601; null before the first visit. */
  last_seen: string | null;
}

/** One person, however many tabs they have the room open in. */
export interface Person {
  userId: string;
  name: string;
  colour: string;
  role: Role;
  status: Status;
  isYou: boolean;
  /** Whether somebody vouches for who this is; null while they are not here to be known. */
  verified: boolean | null;
  doing: Doing | null;
  /** Sessions by which their cursor can be found, the busiest first. */
  sessions: readonly string[];
  /** Milliseconds since 1970; null when never or when here now. */
  lastSeen: number | null;
}

const BY_STATUS: Record<Status, number> = { online: 0, away: 1, offline: 2 };
const BY_ROLE: Record<Role, number> = { owner: 0, admin: 1, member: 2, viewer: 3 };

/** Everyone, oneself first, then by status, then by role, then by name. `doing` is by session id. */
export function peopleOf(
  members: readonly MemberFacts[],
  participants: readonly Participant[],
  ownUserId: string,
  doing: ReadonlyMap<string, Doing>,
): Person[] {
  const people = new Map<string, Person>();
  for (const member of members) {
    people.set(member.user_id, absent(member, ownUserId));
  }
  for (const [userId, sessions] of byUser(participants)) {
    people.set(userId, present(userId, sessions, ownUserId, doing));
  }
  return [...people.values()].sort(inOrder);
}

/** Whose rows stand together. */
export interface PeopleSection {
  status: Status;
  people: Person[];
}

export function sectionsOf(people: readonly Person[]): PeopleSection[] {
  const statuses: Status[] = ["online", "away", "offline"];
  return statuses
    .map((status) => ({ status, people: people.filter((person) => person.status === status) }))
    .filter((section) => section.people.length > 0);
}

/** What `own` may do to `other`: the roles they can give, and whether they can remove them. */
export interface Powers {
  roles: readonly GrantedRole[];
  canRemove: boolean;
}

/** As the server rules it: the owner stays, only the owner makes and unmakes admins. */
export function powersOver(own: Role | null, other: Person): Powers {
  const rules = own === "owner" ? true : own === "admin" && other.role !== "admin";
  if (!rules || other.isYou || other.role === "owner") {
    return { roles: [], canRemove: false };
  }
  return { roles: own === "owner" ? ["admin", "member", "viewer"] : ["member", "viewer"], canRemove: true };
}

function absent(member: MemberFacts, ownUserId: string): Person {
  return {
    userId: member.user_id,
    name: member.name,
    colour: member.colour,
    role: member.role,
    status: "offline",
    isYou: member.user_id === ownUserId,
    verified: null,
    doing: null,
    sessions: [],
    lastSeen: member.last_seen === null ? null : Date.parse(member.last_seen),
  };
}

function present(
  userId: string,
  sessions: readonly [Participant, ...Participant[]],
  ownUserId: string,
  doing: ReadonlyMap<string, Doing>,
): Person {
  const [first] = sessions;
  const busiest = [...sessions].sort((one, other) => rank(other, doing) - rank(one, doing));
  return {
    userId,
    name: first.name,
    colour: first.colour,
    role: first.role,
    status: sessions.some((session) => (session.status ?? "online") === "online") ? "online" : "away",
    isYou: userId === ownUserId,
    verified: sessions.every((session) => session.verified === true),
    doing: busiest.map((session) => doing.get(session.session_id)).find((what) => what !== undefined) ?? null,
    sessions: busiest.map((session) => session.session_id),
    lastSeen: null,
  };
}

function rank(session: Participant, doing: ReadonlyMap<string, Doing>): number {
  return (doing.has(session.session_id) ? 4 : 0) + (session.status === "away" ? 0 : 2) + (session.cursor ? 1 : 0);
}

/** Never an empty list. */
function byUser(participants: readonly Participant[]): Map<string, [Participant, ...Participant[]]> {
  const users = new Map<string, [Participant, ...Participant[]]>();
  for (const one of participants) {
    const known = users.get(one.user_id);
    if (known === undefined) {
      users.set(one.user_id, [one]);
    } else {
      known.push(one);
    }
  }
  return users;
}

function inOrder(one: Person, other: Person): number {
  return (
    Number(other.isYou) - Number(one.isYou) ||
    BY_STATUS[one.status] - BY_STATUS[other.status] ||
    BY_ROLE[one.role] - BY_ROLE[other.role] ||
    one.name.localeCompare(other.name)
  );
}
