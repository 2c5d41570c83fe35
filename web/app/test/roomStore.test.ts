/** What a room's page shows follows from what the room tells. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { UnavailableError } from "../../client/src/errors.ts";
import type {
  ChatMessage,
  Member,
  Participant,
  RestClient,
  Room,
  RoomEventName,
  RoomEvents,
  StoredMessage,
} from "../../client/src/index.ts";
import { RoomStore } from "../src/room/roomStore.ts";

const NOON = Date.UTC(2026, 2, 4, 12);

function said(id: string, minutes: number, userId = "ben"): ChatMessage {
  return {
    id,
    user_id: userId,
    name: userId,
    content: id,
    created_at: new Date(NOON + minutes * 60_000).toISOString(),
  };
}

function stored(id: string, minutes: number): StoredMessage {
  const { id: message_id, ...rest } = said(id, minutes);
  return { message_id, reply_to: null, reactions: {}, edited: false, deleted: false, ...rest };
}

function here(userId: string): Participant {
  return { session_id: `${userId}-1`, user_id: userId, name: userId, colour: "#336699", role: "member" };
}

/** A room that tells what it is made to tell, and a server whose answers are set. */
class Fake {
  readonly listeners = new Map<RoomEventName, (data: never) => void>();
  readonly state = {
    roomId: "r",
    status: "connecting",
    failure: null,
    saved: { kind: "saved", unsent: 0 },
    role: null as string | null,
    name: "",
    language: "text",
    text: "",
    participants: [] as Participant[],
    messages: [] as ChatMessage[],
    cursors: new Map<string, [number, number][]>(),
    keepsEdits: true,
    on: (event: RoomEventName, listener: (data: never) => void) => {
      this.listeners.set(event, listener);
      return () => this.listeners.delete(event);
    },
    close: async () => undefined,
  };
  older: StoredMessage[] = [];
  members: Pick<Member, "user_id" | "name" | "colour" | "role" | "last_seen">[] = [];
  listings = 0;
  mark: number | null = null;
  readonly later: (() => void)[] = [];
  now = 0;

  readonly rest = {
    messages: async () => ({ items: this.older, limit: 50, next: null }),
    members: async () => {
      this.listings += 1;
      return { items: this.members, limit: 200, next: null };
    },
    room: async () => ({ private: true }),
    leave: async () => undefined,
  };

  store(): RoomStore {
    return new RoomStore({
      room: this.state as unknown as Room,
      rest: () => this.rest as unknown as RestClient,
      userId: "ana",
      readMark: {
        load: () => this.mark,
        save: (readUpTo) => {
          this.mark = readUpTo;
        },
      },
      now: () => this.now,
      after: (_, callback) => {
        this.later.push(callback);
        return () => undefined;
      },
    });
  }

  tell<E extends RoomEventName>(event: E, data: RoomEvents[E]): void {
    this.listeners.get(event)?.(data as never);
  }

  join(first = true): void {
    this.state.status = "online";
    this.state.role = "member";
    this.state.name = "Parser";
    this.tell("status", { status: "online", error: null });
    this.tell("joined", { first });
  }

  say(message: ChatMessage): void {
    this.tell("chat", { message, fresh: true });
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("APP-32 on the first visit nothing is unread, later what came since", () => {
  const fake = new Fake();
  fake.state.messages = [said("1", 1), said("2", 2)];
  const store = fake.store();
  fake.join();
  assert.equal(store.chat.unread.value, 0);
  fake.say(said("3", 3));
  fake.say(said("4", 4, "ana"));
  assert.equal(store.chat.unread.value, 1);

  const again = new Fake();
  again.mark = fake.mark;
  again.state.messages = [said("2", 2), said("3", 3), said("4", 4, "ana")];
  const reopened = again.store();
  again.join();
  assert.equal(reopened.chat.unread.value, 1, "it is remembered what was read");
});

test("APP-32 looking at the chat reads it, and keeps the new line where it was until one looks away", () => {
  const fake = new Fake();
  const store = fake.store();
  fake.join();
  fake.say(said("1", 1));
  fake.say(said("2", 2));
  store.chat.look(true);
  assert.deepEqual([store.chat.unread.value, store.chat.firstNewId.value], [0, "1"]);
  fake.say(said("3", 3));
  assert.deepEqual([store.chat.unread.value, store.chat.firstNewId.value], [0, "1"]);
  store.chat.look(false);
  fake.say(said("4", 4));
  assert.deepEqual([store.chat.unread.value, store.chat.firstNewId.value], [1, null]);
});

test("APP-31 older messages come in before the others until there are none", async () => {
  const fake = new Fake();
  fake.state.messages = [said("3", 3)];
  fake.older = [stored("2", 2), stored("1", 1)];
  const store = fake.store();
  fake.join();
  assert.equal(store.chat.older.value, "more");
  await store.chat.loadOlder();
  assert.deepEqual(
    store.chat.messages.value.map((message) => message.id),
    ["1", "2", "3"],
  );
  assert.equal(store.chat.older.value, "none");
  fake.rest.messages = () => Promise.reject(new Error("gone"));
  await store.chat.loadOlder();
  assert.equal(store.chat.older.value, "none", "there is nothing to ask for");
});

test("APP-37 members are read when someone unknown comes, once, and when someone has gone", async () => {
  const fake = new Fake();
  fake.members = [{ user_id: "ana", name: "ana", colour: "#336699", role: "owner", last_seen: null }];
  fake.state.participants = [here("ana")];
  const store = fake.store();
  fake.join();
  await settled();
  assert.equal(fake.listings, 1);
  fake.state.participants = [here("ana"), here("ben")];
  for (let times = 0; times < 3; times += 1) {
    fake.tell("presence", { sessionId: "ben-1", participant: here("ben") });
    await settled();
  }
  assert.equal(fake.listings, 2);
  assert.deepEqual(
    store.people.value.map((person) => [person.userId, person.status]),
    [
      ["ana", "online"],
      ["ben", "online"],
    ],
  );
  fake.state.participants = [here("ana")];
  fake.tell("presence", { sessionId: "ben-1", participant: null });
  await settled();
  fake.later.at(-1)?.();
  await settled();
  assert.equal(fake.listings, 4, "a membership may end a little after the presence");
});

test("APP-37 what happens while members are read, in vain, has them read again", async () => {
  const fake = new Fake();
  const listed = fake.rest.members;
  let refuse = (): void => undefined;
  fake.rest.members = async () => {
    fake.listings += 1;
    return new Promise((_, reject) => {
      refuse = () => reject(new UnavailableError("The server is away."));
    });
  };
  const store = fake.store();
  fake.join();
  await settled();
  fake.rest.members = listed;
  fake.members = [{ user_id: "ben", name: "ben", colour: "#336699", role: "member", last_seen: null }];
  const refreshed = store.refreshMembers();
  refuse();
  await refreshed;
  assert.equal(fake.listings, 2);
  assert.deepEqual(
    store.members.value.map((member) => member.user_id),
    ["ben"],
  );
});

test("APP-39 who edits is shown until some seconds after, and what came with joining counts for nobody", () => {
  const fake = new Fake();
  fake.state.participants = [here("ana"), here("ben")];
  fake.state.cursors.set("ben-1", [[4, 4]]);
  const store = fake.store();
  const ben = () => store.people.value.find((person) => person.userId === "ben");
  fake.tell("text", { op: ["text"], own: false });
  fake.join();
  assert.equal(ben()?.doing, null);
  fake.now = 1_000;
  fake.tell("text", { op: [3, "t"], own: false });
  assert.equal(ben()?.doing, "editing");
  fake.now = 4_000;
  fake.later.at(-1)?.();
  assert.equal(ben()?.doing, null);
});

test("APP-46 leaving closes the room first: an open one would come back to a public room by itself", async () => {
  const fake = new Fake();
  const store = fake.store();
  fake.join();
  const order: string[] = [];
  fake.state.close = async () => void order.push("close");
  fake.rest.leave = async () => void order.push("leave");
  await store.leave();
  assert.deepEqual(order, ["close", "leave"]);
  assert.equal(store.isLeaving.value, true);
});
