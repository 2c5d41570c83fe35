/**
 * Links whose other end says anything at any time, right or wrong. Run as a program it writes them down in
 * tests/vectors/relay/whimsical.json, for the kernel's side to do the same.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { Dice, randomText } from "../../client/test/generate.ts";
import type { Message } from "../src/relay/messages.ts";
import { type Action, type Record, RecordedLink } from "./relayRecording.ts";

const FILE = new URL("../../../tests/vectors/relay/whimsical.json", import.meta.url);
const SEEDS = 40;
const STEPS = 70;

const LIMITS = {
  packet: 10,
  window: 3,
  coalesce: 50,
  ack_delay: 100,
  ack_every: 2,
  resend_first: 1000,
  resend_least: 300,
  resend_usual: 2000,
  resend_most: 8000,
  open_every: 1000,
  ping_every: 15_000,
  dead_after: 60_000,
  linger: 5000,
  queue_pause: 30,
  queue_most: 90,
  frame_most: 16,
};

function whims(seed: number): Record {
  const dice = new Dice(seed);
  const setting = { limits: LIMITS, start: 1000, token: dice.chance(0.5) ? `token ${seed}` : null };
  const link = new RecordedLink(setting);
  let now = setting.start;
  let due: number | null = null;
  let theirSeq = 0;
  const nextSeq = () => (dice.chance(0.7) ? ++theirSeq : dice.int(1, 9));
  for (let step = 0; step < STEPS; step++) {
    const isPatient = dice.chance(0.5) && due !== null;
    now = Math.max(now, isPatient ? (due ?? now) : now + dice.pick([0, 0, 1, 20, 200, 1500, 9000]));
    const done = link.do(whim(dice, now, nextSeq));
    if (done.due !== undefined) due = done.due;
  }
  return { name: `whims ${seed}`, ...setting, steps: link.steps };
}

function whim(dice: Dice, now: number, nextSeq: () => number): Action {
  const what = dice.next();
  if (what < 0.45) return { do: "take", now };
  if (what < 0.6) return { do: "push", frame: randomText(dice, 30) };
  if (what < 0.65) return { do: "opened" };
  if (what < 0.67) return { do: "finish", code: "closed", reason: "", now };
  return { do: "receive", message: anyMessage(dice, nextSeq), now };
}

function anyMessage(dice: Dice, nextSeq: () => number): Message {
  const have = Array.from({ length: dice.pick([0, 0, 0, 1, 3]) }, () => dice.int(0, 9));
  const acknowledging = { ack: dice.int(0, 9), ...(have.length > 0 && { have }) };
  const what = dice.next();
  if (what < 0.02) return { type: "close", code: "room_unavailable", reason: "No more." };
  if (what < 0.04) return { type: "open", token: "once more" };
  if (what < 0.2) return { type: "ack", ...acknowledging, ...(dice.chance(0.3) && { ping: true }) };
  const frames = Array.from({ length: dice.int(0, 3) }, () => randomText(dice, 6));
  return {
    type: "data",
    seq: nextSeq(),
    ...acknowledging,
    ...(frames.length > 0 && { frames }),
    ...(dice.chance(0.4) && { more: true }),
    ...(dice.chance(0.01) && { end: { code: "bad_token", reason: "No." } }),
  };
}

/** The text of the file. */
export function make(): string {
  const runs = Array.from({ length: SEEDS }, (_, seed) => JSON.stringify(whims(seed))).join(",\n");
  return `{"about": "Ends of links to which anything is said.", "runs": [\n${runs}\n]}\n`;
}

export function recorded(): string {
  return readFileSync(FILE, "utf-8");
}

if (import.meta.main) writeFileSync(FILE, make());
