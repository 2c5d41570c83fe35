/** The logic of a room's page beside its chat. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Participant, Range, Role } from "../../client/src/protocol.ts";
import { type Doing, EditingWatch } from "../src/room/logic/activity.ts";
import { failureOf, outdatedDetail } from "../src/room/logic/failures.ts";
import { type MemberFacts, type Person, peopleOf, powersOver, sectionsOf } from "../src/room/logic/people.ts";
import { AWAY_AFTER_MS, presenceOf } from "../src/room/logic/presence.ts";
import { insertedText, withRefused } from "../src/room/logic/refused.ts";
import { offlineWords, saveLabel, wouldLose } from "../src/room/logic/saveLabel.ts";
import { fileName, MAX_FILE_BYTES, readText, tooLarge } from "../src/room/logic/textFile.ts";

test("APP-36 the save state says what room and database have confirmed, and what of it is unsent", () => {
  const text = (...args: Parameters<typeof saveLabel>): string => saveLabel(...args).text;
  assert.equal(text({ kind: "saved", unsent: 0 }, "online", true), "Saved");
  assert.equal(text({ kind: "saving", unsent: 2 }, "online", true), "Saving…");
  assert.equal(text({ kind: "offline", unsent: 3 }, "offline", true), "Offline · 3 unsent");
  assert.equal(text({ kind: "offline", unsent: 0 }, "offline", true), "Offline");
  assert.equal(text({ kind: "offline", unsent: 0 }, "connecting", true), "Connecting…");
  assert.equal(text({ kind: "offline", unsent: 3 }, "connecting", true), "Offline · 3 unsent");
});

test("APP-36 it says whether unsent edits outlive the tab, and only then lets the tab close without asking", () => {
  const offline = { kind: "offline", unsent: 1 } as const;
  assert.match(saveLabel(offline, "offline", true).meaning, /kept in this browser/);
  assert.match(saveLabel(offline, "offline", false).meaning, /keep it open/);
  assert.equal(wouldLose(offline, true), false);
  assert.equal(wouldLose(offline, false), true);
  assert.equal(wouldLose({ kind: "saving", unsent: 0 }, false), true);
  assert.equal(wouldLose({ kind: "offline", unsent: 0 }, false), false);
  assert.equal(wouldLose({ kind: "saved", unsent: 0 }, false), false);
});

function member(userId: string, role: Role, more: Partial<MemberFacts> = {}): MemberFacts {
  return { user_id: userId, name: userId, colour: "#336699", role, last_seen: null, ...more };
}

function participant(userId: string, session: string, more: Partial<Participant> = {}): Participant {
  return { session_id: session, user_id: userId, name: userId, colour: "#336699", role: "member", ...more };
}

test("APP-37 the people are the members and whoever else is here, each once, in sections", () => {
  const members = [member("ana", "owner"), member("ben", "member"), member("cleo", "admin"), member("dan", "member")];
  const here = [
    participant("ben", "b1", { status: "away" }),
    participant("ana", "a1", { role: "owner" }),
    participant("ana", "a2", { role: "owner", status: "away" }),
    participant("eve", "e1", { role: "viewer", status: "online" }),
  ];
  const people = peopleOf(members, here, "ben", new Map());
  const names = sectionsOf(people).map((section) => [section.status, section.people.map((person) => person.userId)]);
  assert.deepEqual(names, [
    ["online", ["ana", "eve"]],
    ["away", ["ben"]],
    ["offline", ["cleo", "dan"]],
  ]);
  assert.equal(people[0]?.userId, "ben", "oneself comes first of all");
  assert.equal(people.find((person) => person.userId === "ben")?.isYou, true);
});

test("APP-37 a person with several tabs is found by the one that does something", () => {
  const doing = new Map<string, Doing>([["a2", "editing"]]);
  const here = [participant("ana", "a1", { status: "online" }), participant("ana", "a2", { status: "online" })];
  const [ana] = peopleOf([], here, "ben", doing);
  assert.deepEqual(ana?.sessions, ["a2", "a1"]);
  assert.equal(ana?.doing, "editing");
});

test("APP-37 a role or name that a member shows now goes before the one in the list", () => {
  const [ana] = peopleOf(
    [member("ana", "member")],
    [participant("ana", "a1", { role: "viewer", name: "Ana L." })],
    "ben",
    new Map(),
  );
  assert.deepEqual([ana?.role, ana?.name], ["viewer", "Ana L."]);
});

test("APP-47 a person is verified when all their sessions are, and unknown while they are not here", () => {
  const here = [
    participant("ana", "a1", { verified: true }),
    participant("ana", "a2", { verified: true }),
    participant("ben", "b1"),
    participant("cleo", "c1", { verified: true }),
    participant("cleo", "c2"),
  ];
  const people = peopleOf([member("ana", "owner"), member("dan", "member")], here, "ben", new Map());
  const found = Object.fromEntries(people.map((person) => [person.userId, person.verified]));
  assert.deepEqual(found, { ana: true, ben: false, cleo: false, dan: null });
});

test("APP-38 the owner rules over everyone, admins over members and viewers, nobody over the owner or themselves", () => {
  const person = (role: Role, isYou = false): Person => ({
    ...(peopleOf([member("x", role)], [], isYou ? "x" : "y", new Map())[0] as Person),
  });
  assert.deepEqual(powersOver("owner", person("admin")).roles, ["admin", "member", "viewer"]);
  assert.deepEqual(powersOver("admin", person("viewer")), { roles: ["member", "viewer"], canRemove: true });
  for (const [own, other] of [
    ["admin", person("admin")],
    ["admin", person("owner")],
    ["owner", person("owner", true)],
    ["admin", person("member", true)],
    ["member", person("viewer")],
    ["viewer", person("member")],
    [null, person("member")],
  ] as const) {
    assert.deepEqual(powersOver(own, other), { roles: [], canRemove: false });
  }
});

test("APP-39 whoever's cursor stands where a change ended edits, for some seconds", () => {
  const watch = new EditingWatch();
  const cursors = new Map<string, Range[]>([
    ["a1", [[5, 5]]],
    ["b1", [[3, 3]]],
    ["c1", []],
  ]);
  watch.changed([3, "😀b"], cursors, 1_000);
  assert.deepEqual(watch.editing(2_000), ["a1"]);
  watch.changed([3, { d: "x" }], cursors, 2_000);
  assert.deepEqual(watch.editing(3_999), ["a1", "b1"]);
  assert.equal(watch.nextEnd, 4_000);
  assert.deepEqual(watch.editing(4_000), ["b1"]);
  assert.deepEqual(watch.editing(5_000), []);
  assert.equal(watch.nextEnd, null);
});

test("APP-40 one is away while the tab is hidden, or after five minutes without input", () => {
  assert.equal(presenceOf(false, 0, AWAY_AFTER_MS - 1), "online");
  assert.equal(presenceOf(false, 0, AWAY_AFTER_MS), "away");
  assert.equal(presenceOf(true, 0, 1), "away");
});

test("APP-41 a room that is over or closed to one has its own page", () => {
  const kind = (code: string, wasIn: boolean): string => failureOf({ code, message: "Why." }, wasIn).kind;
  assert.equal(kind("forbidden", false), "no-access");
  assert.equal(kind("room_not_found", false), "not-found");
  assert.equal(kind("room_not_found", true), "gone");
  assert.equal(kind("room_full", false), "full");
  assert.equal(kind("bad_token", true), "signed-out");
  assert.deepEqual(failureOf({ code: "internal", message: "Why." }, false), {
    kind: "away",
    detail: "Why.",
    retry: true,
  });
});

test("UPG-3 a page that is out of date says what becomes of unsent edits when it is reloaded", () => {
  assert.equal(failureOf({ code: "upgrade_required", message: "" }, true).kind, "outdated");
  assert.match(outdatedDetail({ unsent: 0 }, false), /Reload it to go on\.$/);
  assert.match(outdatedDetail({ unsent: 1 }, true), /edit is kept in this browser/);
  assert.match(outdatedDetail({ unsent: 3 }, false), /3 edits are held by this tab only .* download the text first/);
});

test("G7 whoever writes is told when the server cannot save, and when they were too fast", () => {
  assert.match(offlineWords("backlog_full", true), /^The server cannot save edits now\..*kept in this browser/);
  assert.match(offlineWords("database_unavailable", false), /keep this tab open/);
  assert.match(offlineWords("rate_limited", true), /sent in a moment\.$/);
  assert.match(offlineWords("room_unavailable", true), /^You are offline\./);
  assert.match(offlineWords(undefined, true), /^You are offline\./);
});

test("APP-42 of refused edits the reader gets back what they would have added", () => {
  assert.equal(insertedText([3, "ab", { d: "c" }, 2, "😀"]), "ab😀");
  const first = withRefused(null, ["one "], "Too large.");
  assert.deepEqual(withRefused(first, [4, "two"], "Still too large."), {
    reason: "Still too large.",
    count: 2,
    text: "one two",
  });
});

test("APP-43 text files are taken as UTF-8 or marked UTF-16 with plain line ends; anything else is refused", () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  assert.deepEqual(readText(encode("a\r\nb\rc\n😀")), { ok: true, text: "a\nb\nc\n😀" });
  assert.deepEqual(readText(encode("\ufeffmarked")), { ok: true, text: "marked" });
  assert.deepEqual(readText(Uint8Array.of(0xff, 0xfe, 0x61, 0, 0x62, 0)), { ok: true, text: "ab" });
  assert.deepEqual(readText(Uint8Array.of(0xfe, 0xff, 0, 0x61)), { ok: true, text: "a" });
  assert.deepEqual(readText(new Uint8Array()), { ok: true, text: "" });
  assert.equal(readText(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a)).ok, false);
  assert.equal(readText(encode("a\0b")).ok, false);
  assert.equal(tooLarge(MAX_FILE_BYTES), null);
  assert.match(tooLarge(MAX_FILE_BYTES * 2) ?? "", /10\.0 MB/);
});

test("APP-43 a file is named after its room, in letters that every system takes", () => {
  assert.equal(fileName("Parser pairing", ".py"), "Parser pairing.py");
  assert.equal(fileName('a/b\\c:"d"?', ".txt"), "a b c d.txt");
  assert.equal(fileName("../..", ".txt"), "room.txt");
  assert.equal(fileName("", ".md"), "room.md");
});
