/** Rules APP-12 and APP-13: times and names as people read them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { dateOf, initials, timeAgo, timeLeft } from "../src/format.ts";

const NOW = new Date(2026, 4, 20, 12, 0, 0);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function ago(ms: number): string {
  return timeAgo(new Date(NOW.getTime() - ms), NOW, "en-GB");
}

test("APP-12 past times read as people say them", () => {
  assert.equal(ago(0), "just now");
  assert.equal(ago(59_999), "just now");
  assert.equal(ago(-5 * MINUTE), "just now", "a clock that runs ahead");
  assert.equal(ago(MINUTE), "1 minute ago");
  assert.equal(ago(59 * MINUTE), "59 minutes ago");
  assert.equal(ago(HOUR), "1 hour ago");
  assert.equal(ago(23 * HOUR), "23 hours ago");
  assert.equal(ago(6 * DAY), "6 days ago");
  assert.equal(ago(8 * DAY), "12 May");
  assert.equal(ago(400 * DAY), "15 Apr 2025");
});

test("APP-12 a day ago is yesterday by the calendar, not by hours", () => {
  assert.equal(timeAgo(new Date(2026, 4, 19, 9), NOW, "en-GB"), "yesterday");
  assert.equal(timeAgo(new Date(2026, 4, 18, 23), NOW, "en-GB"), "2 days ago");
});

test("APP-12 what is left reads likewise", () => {
  const left = (ms: number): string => timeLeft(new Date(NOW.getTime() + ms), NOW, "en-GB");
  assert.equal(left(0), "expired");
  assert.equal(left(10), "in 1 minute");
  assert.equal(left(50 * MINUTE), "in 50 minutes");
  assert.equal(left(59.9 * MINUTE), "in 1 hour");
  assert.equal(left(5 * HOUR), "in 5 hours");
  assert.equal(left(23.9 * HOUR), "in 1 day");
  assert.equal(left(7 * DAY), "in 7 days");
});

test("APP-12 dates name the year only when it is another", () => {
  assert.equal(dateOf(new Date(2026, 0, 3), NOW, "en-GB"), "3 Jan");
  assert.equal(dateOf(new Date(2024, 0, 3), NOW, "en-GB"), "3 Jan 2024");
});

test("APP-13 initials are whole characters of the first and last word", () => {
  assert.equal(initials("Ada Lovelace"), "AL");
  assert.equal(initials("  ada   king   lovelace "), "AL");
  assert.equal(initials("Grace"), "G");
  assert.equal(initials("李 小龍"), "李小");
  assert.equal(initials("👩‍💻 Dev"), "👩‍💻D");
  assert.equal(initials("e\u0301lan"), "E\u0301");
  assert.equal(initials("ada (kernel)"), "AK");
  assert.equal(initials("   "), "?");
});
