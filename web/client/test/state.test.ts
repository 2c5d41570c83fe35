/** What the recorded steps do not show of the state machine: keeping and going on, answers to requests, values. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ForbiddenError, fromCode, GoneError, InvalidError, RayroomsError, UnavailableError } from "../src/errors.ts";
import type { ChatMessage, ClientEvent, Operation, Participant, RoomJoinedData, ServerEvent } from "../src/protocol.ts";
import type { SavedState } from "../src/saved-state.ts";
import { ClientState } from "../src/state.ts";

/** A client in a room whose every message the test writes. */
class Talk {
  state: ClientState;
  #ids = 0;
  #joinRef = 0;

  constructor(state?: ClientState) {
    this.state = state ?? new ClientState("r", { newClientId: () => `client-${++this.#ids}` });
  }

  /** Connect and ask to enter. Returns what the client says it stands on. */
  connect(): Extract<ClientEvent, { event: "join_room" }>["data"] {
    this.state.connected();
    this.state.receive({ event: "connection_response", data: { session_id: "c", protocol: 1 } });
    this.state.join();
    const [join] = this.state.takeOutbox();
    assert.ok(join?.event === "join_room");
    this.#joinRef = join.ref ?? 0;
    return join.data;
  }

  /** Answer the last request to join. */
  joined(data: Partial<RoomJoinedData>): void {
    this.state.receive({ event: "room_joined", ref: this.#joinRef, data: this.#standing(data) });
  }

  /** The room has moved, and lets the client in of its own accord. */
  unasked(data: Partial<RoomJoinedData>): void {
    this.state.receive({ event: "room_joined", data: this.#standing(data) });
  }

  #standing(data: Partial<RoomJoinedData>): RoomJoinedData {
    return {
      room_id: "r",
      session_id: "s",
      client_id: this.state.clientId,
      version: 10,
      epoch: 7,
      version_epoch: 7,
      durable: 0,
      last_seq: 0,
      role: "member",
      ...data,
    };
  }

  theirs(version: number, op: Operation): void {
    const change = { version, client_id: "other", seq: version, op, user_id: "bob" };
    this.state.receive({ event: "code_change", data: { room_id: "r", changes: [change] } });
  }

  ack(version: number, seq: number): void {
    const data = { room_id: "r", client_id: this.state.clientId, acks: [{ version, seq }] };
    this.state.receive({ event: "ack", data });
  }

  edits(): [seq: number, version: number, op: Operation][] {
    const sent = this.state.takeOutbox();
    return sent.flatMap((message) =>
      message.event === "code_change" ? [[message.data.seq, message.data.version, message.data.op]] : [],
    );
  }
}

/** A client with "abc" at version 10 of epoch 7. */
function inRoom(): Talk {
  const talk = new Talk();
  talk.connect();
  talk.joined({ content: "abc" });
  return talk;
}

/** The client of another page that goes on from what this one kept, carried as a store would. */
function reopened(talk: Talk): Talk {
  const saved = talk.state.save();
  assert.ok(saved !== null);
  const carried = structuredClone(saved);
  return new Talk(ClientState.restore(carried, { newClientId: () => "client-new" }));
}

const withCode = (code: string) => (error: unknown) => error instanceof RayroomsError && error.code === code;

test("CL-51: a restored client shows the text, joins where the other stood, and sends the same edits by the same numbers", () => {
  const talk = inRoom();
  talk.state.edit([3, "1"]);
  talk.ack(11, 1);
  talk.state.edit([4, "2"]);
  talk.state.disconnected();
  talk.state.edit([5, "3"]);
  const other = reopened(talk);
  assert.equal(other.state.text, "abc123");
  assert.deepEqual(other.state.saved, { kind: "offline", unsent: 2 });
  assert.equal(other.state.hasJoined, false);
  assert.deepEqual(other.connect(), {
    room_id: "r",
    client_id: "client-1",
    version: 11,
    version_epoch: 7,
    protocol: 1,
  });
  other.joined({ version: 11, last_seq: 1 });
  assert.deepEqual(other.edits(), [
    [2, 11, [4, "2"]],
    [3, 11, [5, "3"]],
  ]);
});

test("CL-51: what was acknowledged and then lost by the room is made again by the restored client", () => {
  const talk = inRoom();
  talk.state.edit([3, "1"]);
  talk.ack(11, 1);
  talk.theirs(12, ["gone "]);
  const other = reopened(talk);
  other.connect();
  other.joined({ version: 10, epoch: 8, version_epoch: 7, content: "abc!", reset: true });
  assert.equal(other.state.text, "abc1!");
  assert.deepEqual(other.edits(), [[1, 10, [3, "1"]]]);
});

test("CL-51: what was kept before the first join, or of a copy in doubt, asks for the room's text", () => {
  const early = new Talk();
  early.state.edit(["typed early"]);
  const first = reopened(early);
  assert.deepEqual(first.connect(), { room_id: "r", client_id: "client-1", protocol: 1 });
  first.joined({ content: "abc" });
  assert.equal(first.state.text, "typed earlyabc");

  const doubted = inRoom();
  doubted.state.edit([3, "mine"]);
  doubted.theirs(11, [99, "does not fit"]);
  const second = reopened(doubted);
  assert.deepEqual(second.connect(), { room_id: "r", client_id: "client-1", protocol: 1 });
  assert.deepEqual(reopened(second).connect(), { room_id: "r", client_id: "client-1", protocol: 1 });
});

test("CL-51: a refusal that had not been dealt with yet is dealt with by the restored client", () => {
  const talk = inRoom();
  talk.state.edit([3, "X"]);
  const [sent] = talk.state.takeOutbox();
  const data = { code: "document_too_large", message: "Too large.", seq: 1 };
  talk.state.receive({ event: "error", ref: sent?.ref ?? 0, data });
  const other = reopened(talk);
  other.connect();
  other.joined({});
  assert.equal(other.state.text, "abc");
  const refused = other.state.takeEvents().find((event) => event.type === "editRefused");
  assert.deepEqual([refused?.op, refused?.error.code, refused?.error.message], [[3, "X"], data.code, data.message]);
  assert.equal(other.state.save(), null);
});

test("CL-52: edits made after the record was written are found in the room's text, and nothing is sent twice", () => {
  const talk = inRoom();
  talk.state.edit([3, "1"]);
  const other = reopened(talk);
  other.state.edit([4, "new"]);
  other.connect();
  other.joined({ version: 12, last_seq: 2, operations: [] });
  assert.equal(other.state.phase, "astray");
  assert.deepEqual(other.connect(), { room_id: "r", client_id: "client-1", protocol: 1 });
  other.joined({ version: 12, last_seq: 2, content: "abc12" });
  assert.equal(other.state.clientId, "client-1");
  assert.equal(other.state.text, "abc1new2");
  assert.deepEqual(other.edits(), [[3, 12, [4, "new"]]]);
});

test("CL-53: once all is durable there is nothing to keep", () => {
  const talk = inRoom();
  assert.equal(talk.state.save(), null);
  talk.state.edit(["x"]);
  assert.ok(talk.state.save());
  talk.ack(11, 1);
  assert.ok(talk.state.save());
  assert.deepEqual(talk.state.saved, { kind: "saving", unsent: 0 });
  talk.state.receive({ event: "durable", data: { room_id: "r", version: 11 } });
  assert.equal(talk.state.save(), null);
  assert.deepEqual(talk.state.saved, { kind: "saved", unsent: 0 });
});

test("CL-53: what is kept is plain data, the same by way of JSON, and no part of it changes later", () => {
  const talk = inRoom();
  talk.state.edit([3, "😀"]);
  talk.state.edit([{ d: 1 }]);
  const saved = talk.state.save();
  const copy = JSON.stringify(saved);
  talk.theirs(11, ["!"]);
  talk.ack(12, 1);
  talk.state.disconnected();
  talk.state.edit(["later"]);
  assert.equal(JSON.stringify(saved), copy);
  assert.deepEqual(JSON.parse(copy), structuredClone(saved));
});

test("CL-54: a damaged record, or one of another format, is refused as a whole", () => {
  const talk = inRoom();
  talk.state.edit([3, "1"]);
  talk.ack(11, 1);
  talk.state.edit([{ d: "a" }]);
  const saved = talk.state.save();
  assert.ok(saved !== null);
  const { head, text } = saved;
  const damaged: SavedState[] = [
    { head, text: "another text" },
    { head: { ...head, format: 2 as 1 }, text },
    { head: { ...head, acked: 3 }, text },
    { head: { ...head, version: 5 }, text },
    { head: { ...head, unsent: [[0]] }, text },
    { head: { ...head, unsent: [[{ d: 1 }]] }, text },
  ];
  for (const one of damaged) {
    assert.throws(() => ClientState.restore(one, { newClientId: () => "x" }), InvalidError);
  }
  ClientState.restore(saved, { newClientId: () => "x" });
});

test("CL-55: a request about chat is answered by its ref, also when the message is not among those kept here", () => {
  const talk = inRoom();
  talk.state.takeEvents();
  const posted = talk.state.sendChat("hi", { replyTo: "0" });
  const edited = talk.state.editMessage("1", "hello");
  const reacted = talk.state.react("unknown", "👍");
  const deleted = talk.state.deleteMessage("2");
  assert.deepEqual(
    talk.state.takeOutbox().map((message) => message.ref),
    [posted, edited, reacted, deleted],
  );
  const message: ChatMessage = { id: "1", user_id: "u", name: "U", content: "hi", created_at: "2026-01-01T00:00:00Z" };
  const told: ServerEvent[] = [
    { event: "chat_message", ref: posted, data: { room_id: "r", message } },
    { event: "message_changed", ref: edited, data: { room_id: "r", message: { ...message, content: "hello" } } },
    { event: "message_changed", data: { room_id: "r", message: { ...message, id: "old", deleted: true } } },
    {
      event: "reaction_added",
      ref: reacted,
      data: { room_id: "r", message_id: "unknown", emoji: "👍", user_id: "u", reactions: { "👍": ["u"] } },
    },
    { event: "error", ref: deleted, data: { code: "message_not_found", message: "No such message." } },
  ];
  const events = told.flatMap((one) => {
    talk.state.receive(one);
    return talk.state.takeEvents();
  });
  assert.deepEqual(
    events.map((event) => (event.type === "chat" ? [event.message.id, event.fresh] : "ref" in event && event.ref)),
    [["1", true], posted, ["1", false], edited, ["old", false], reacted, deleted],
  );
  assert.deepEqual(
    talk.state.company.messages.map((one) => [one.id, one.content]),
    [["1", "hello"]],
  );
});

test("CL-55: participants and messages are values: what was read once does not change", () => {
  const talk = inRoom();
  const bob: Participant = { session_id: "b", user_id: "bob", name: "Bob", colour: "#000000", role: "member" };
  talk.state.receive({ event: "user_joined", data: { room_id: "r", user: bob } });
  const cursor = { version: 10, ranges: [[1, 1] as const] };
  const moved = { room_id: "r", session_id: "b", user_id: "bob", cursor };
  talk.state.receive({ event: "cursor_update", data: moved });
  const before = talk.state.others;
  const copy = structuredClone(before);
  talk.theirs(11, ["xx"]);
  talk.state.receive({ event: "typing", data: { room_id: "r", session_id: "b", user_id: "bob", is_typing: true } });
  assert.deepEqual(before, copy);
  assert.deepEqual(bob, { session_id: "b", user_id: "bob", name: "Bob", colour: "#000000", role: "member" });
  assert.deepEqual(talk.state.cursors, new Map([["b", [[3, 3]]]]));
  assert.equal(talk.state.others[0]?.typing, true);
});

test("CL-9: what was to be sent on a connection that is gone is not sent on the next", () => {
  const talk = inRoom();
  talk.state.edit(["x"]);
  talk.state.disconnected();
  assert.deepEqual(talk.state.takeOutbox(), []);
  talk.state.ping();
  talk.state.connected();
  assert.deepEqual(talk.state.takeOutbox(), []);
});

test("CL-18: a received code becomes the error that Python raises for it, an unknown one is kept", () => {
  assert.ok(fromCode("read_only", "No.") instanceof ForbiddenError);
  assert.ok(fromCode("invitation_revoked", "No.") instanceof GoneError);
  const unavailable = new UnavailableError("Not now.");
  assert.deepEqual(
    [unavailable.code, unavailable.status, unavailable.name],
    ["room_unavailable", 503, "RayroomsError"],
  );
  const unknown = fromCode("something_new", "Oh.");
  assert.deepEqual([unknown.code, unknown.status, unknown.message], ["something_new", null, "Oh."]);
  assert.throws(() => inRoom().state.edit([99, "x"]), withCode("invalid_operation"));
});

test("CL-12, CL-14: a demoted writer whose edits are on their way numbers them anew only behind its own request", () => {
  const talk = inRoom();
  talk.state.edit(["x"]);
  talk.unasked({ role: "viewer" });
  assert.equal(talk.state.phase, "astray");
  assert.equal(talk.state.text, "xabc");
  talk.state.disconnected();
  talk.connect();
  talk.joined({ role: "viewer" });
  assert.equal(talk.state.text, "abc");
  assert.throws(() => talk.state.edit(["y"]), withCode("read_only"));
});

test("CL-31, G10: commits are remembered for a while to place late cursors, and then forgotten", () => {
  const talk = inRoom();
  const bob: Participant = { session_id: "b", user_id: "bob", name: "Bob", colour: "#000000", role: "member" };
  talk.state.receive({ event: "user_joined", data: { room_id: "r", user: bob } });
  for (let version = 11; version <= 1010; version++) {
    talk.theirs(version, ["."]);
  }
  const place = (version: number) => {
    const cursor = { version, ranges: [[1, 1] as const] };
    const data = { room_id: "r", session_id: "b", user_id: "bob", cursor };
    talk.state.receive({ event: "cursor_update", data });
    return talk.state.cursors.get("b");
  };
  assert.deepEqual(place(1000), [[11, 11]]);
  assert.equal(place(100), undefined);
});
