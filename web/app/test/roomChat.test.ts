/** The logic of a room's chat. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatMessage } from "../../client/src/protocol.ts";
import { typingLine } from "../src/room/logic/activity.ts";
import { type ChatRow, chatRows, listNames, reactionCounts } from "../src/room/logic/chatGroups.ts";
import { ChatLog } from "../src/room/logic/chatLog.ts";
import { textParts } from "../src/room/logic/links.ts";
import { clock, dayLabel } from "../src/room/logic/times.ts";
import { TypingNotice } from "../src/room/logic/typing.ts";
import { badge, readAll, tabTitle, unreadMessages } from "../src/room/logic/unread.ts";

const NOON = new Date(2026, 2, 4, 12, 0, 0).getTime();
const MINUTE = 60_000;

function message(id: string, userId: string, minutes: number, more: Partial<ChatMessage> = {}): ChatMessage {
  const created_at = new Date(NOON + minutes * MINUTE).toISOString();
  return { id, user_id: userId, name: userId, content: `says ${id}`, created_at, ...more };
}

function outline(rows: readonly ChatRow[]): string[] {
  return rows.map((row) =>
    row.kind === "messages" ? `${row.userId}: ${row.messages.map((one) => one.id).join(" ")}` : row.kind,
  );
}

test("APP-30 messages by one author in a row stand under one name, until five minutes pass", () => {
  const messages = [
    message("1", "ana", 0),
    message("2", "ana", 4),
    message("3", "ben", 5),
    message("4", "ana", 6),
    message("5", "ana", 12),
  ];
  assert.deepEqual(outline(chatRows(messages, null)), ["day", "ana: 1 2", "ben: 3", "ana: 4", "ana: 5"]);
});

test("APP-30 another day, the new line and a reply begin a run of their own", () => {
  const messages = [
    message("1", "ana", 0),
    message("2", "ana", 1),
    message("3", "ana", 2, { reply_to: "1" }),
    message("4", "ana", 24 * 60),
    message("5", "ana", 24 * 60 + 1),
  ];
  assert.deepEqual(outline(chatRows(messages, "5")), ["day", "ana: 1 2", "ana: 3", "day", "ana: 4", "new", "ana: 5"]);
});

test("APP-31 a message that changed stays in its place, and older pages go before", () => {
  const log = new ChatLog().with([message("2", "ana", 2), message("3", "ben", 3)]);
  const later = log.with([message("2", "ana", 2, { edited: true }), message("1", "ben", 1)]);
  assert.deepEqual(
    later.messages.map((one) => [one.id, one.edited ?? false]),
    [
      ["1", false],
      ["2", true],
      ["3", false],
    ],
  );
  assert.equal(log.messages.length, 2, "the log before is as it was");
});

test("APP-31 after a rejoin what is held stays when it meets the tail, and goes when there may be a gap", () => {
  const log = new ChatLog().with([message("1", "ana", 1), message("2", "ana", 2)]);
  const ids = (rejoined: ChatLog): string[] => rejoined.messages.map((one) => one.id);
  assert.deepEqual(ids(log.rejoined([message("2", "ana", 2), message("3", "ben", 3)])), ["1", "2", "3"]);
  assert.deepEqual(ids(log.rejoined([message("8", "ana", 8), message("9", "ben", 9)])), ["8", "9"]);
});

test("APP-31 the last own message that says something is the one to edit", () => {
  const log = new ChatLog([message("1", "ana", 1), message("2", "ana", 2, { deleted: true }), message("3", "ben", 3)]);
  assert.equal(log.lastBy("ana")?.id, "1");
  assert.equal(log.lastBy("cleo"), undefined);
});

test("APP-32 unread is what others posted since the chat was looked at, without what was deleted", () => {
  const messages = [
    message("1", "ben", 1),
    message("2", "ben", 2),
    message("3", "ana", 3),
    message("4", "ben", 4, { deleted: true }),
    message("5", "cleo", 5),
  ];
  const unread = unreadMessages(messages, NOON + MINUTE, "ana");
  assert.deepEqual(
    unread.map((one) => one.id),
    ["2", "5"],
  );
  assert.deepEqual(unreadMessages(messages, readAll(messages, 0), "ana"), []);
  assert.equal(readAll([], 7), 7);
  assert.equal(readAll([message("1", "ben", 1)], NOON + 2 * MINUTE), NOON + 2 * MINUTE, "reading never goes back");
});

test("APP-32 the tab's title counts the unread", () => {
  assert.equal(tabTitle("Parser", 0), "Parser · Rayrooms");
  assert.equal(tabTitle("Parser", 3), "(3) Parser · Rayrooms");
  assert.equal(tabTitle("", 0), "Rayrooms");
  assert.equal(badge(100), "99+");
});

test("APP-33 only http and https addresses become links, and nothing is lost around them", () => {
  const cases: [string, string[]][] = [
    ["see https://example.org/a?b=1#c.", ["https://example.org/a?b=1#c"]],
    ["(https://example.org/x_(y))", ["https://example.org/x_(y)"]],
    ["http://a.example, https://b.example!", ["http://a.example", "https://b.example"]],
    ["javascript:alert(1) and data:text/html,x", []],
    ["<a href='https://example.org'>x</a>", ["https://example.org"]],
    ["https://", []],
    ["no link", []],
    ["", []],
  ];
  for (const [content, links] of cases) {
    const parts = textParts(content);
    assert.equal(parts.map((part) => part.text).join(""), content);
    assert.deepEqual(
      parts.filter((part) => part.kind === "link").map((part) => part.text),
      links,
    );
  }
});

test("APP-34 reactions are counted, with one's own told apart", () => {
  const reacted = message("1", "ana", 1, { reactions: { "👍": ["ana", "ben"], "🎉": ["ben"], "👀": [] } });
  assert.deepEqual(reactionCounts(reacted, "ana"), [
    { emoji: "👍", count: 2, mine: true, userIds: ["ana", "ben"] },
    { emoji: "🎉", count: 1, mine: false, userIds: ["ben"] },
  ]);
  assert.equal(listNames(["you"]), "you");
  assert.equal(listNames(["Ana", "Ben", "you"]), "Ana, Ben and you");
});

test("APP-35 typing is told at once, again while it goes on, and ended by a pause", () => {
  const clockwork = new Clockwork();
  const told: boolean[] = [];
  const notice = new TypingNotice({ ...clockwork.ports, tell: (isTyping) => told.push(isTyping) });
  notice.typed();
  clockwork.pass(1_000);
  notice.typed();
  assert.deepEqual(told, [true]);
  clockwork.pass(2_000);
  notice.typed();
  assert.deepEqual(told, [true, true], "the room forgets after some seconds");
  clockwork.pass(3_999);
  assert.deepEqual(told, [true, true]);
  clockwork.pass(1);
  assert.deepEqual(told, [true, true, false]);
  notice.stopped();
  assert.deepEqual(told, [true, true, false], "said once");
});

test("APP-35 the typing line names up to two people", () => {
  assert.equal(typingLine([]), null);
  assert.equal(typingLine(["Ana"]), "Ana is typing…");
  assert.equal(typingLine(["Ana", "Ben"]), "Ana and Ben are typing…");
  assert.equal(typingLine(["Ana", "Ben", "Cleo"]), "Ana and 2 others are typing…");
});

test("APP-30 days are named as people name them", () => {
  const day = 24 * 60 * MINUTE;
  const label = (at: number): string => dayLabel(at, NOON, "en-GB");
  assert.equal(label(NOON - 11 * 60 * MINUTE), "Today");
  assert.equal(label(NOON - 13 * 60 * MINUTE), "Yesterday");
  assert.equal(label(NOON - 2 * day), "Monday");
  assert.equal(label(NOON - 10 * day), "22 February");
  assert.equal(label(NOON - 400 * day), "28 January 2025");
  assert.equal(clock(NOON, "en-GB"), "12:00");
});

/** Time that passes when it is told to. */
class Clockwork {
  #now = 0;
  #due: { at: number; callback: () => void }[] = [];

  readonly ports = {
    now: (): number => this.#now,
    after: (ms: number, callback: () => void): (() => void) => {
      const entry = { at: this.#now + ms, callback };
      this.#due.push(entry);
      return () => {
        this.#due = this.#due.filter((other) => other !== entry);
      };
    },
  };

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#due.filter((entry) => entry.at <= this.#now);
    this.#due = this.#due.filter((entry) => entry.at > this.#now);
    for (const { callback } of due) callback();
  }
}
