/** How the history is drawn: whose stretches of versions follow one another, and where the days begin. */

import type { AuthorRun } from "../../../../editor/src/authorship.ts";
import type { EditSession } from "../../../../editor/src/history.ts";

/** Versions `from` to `to`, inclusive, in one author's colour. */
export interface Stretch {
  from: number;
  to: number;
  userId: string;
}

/** More stretches than this cannot be told apart on a screen. */
const MOST = 240;

/** The sessions as stretches; very many are drawn as equal parts, each in the colour of who made most of it. */
export function stretchesOf(sessions: readonly EditSession[], most = MOST): Stretch[] {
  const merged: Stretch[] = [];
  for (const { from, to, user_id } of sessions) {
    const last = merged.at(-1);
    if (last?.userId === user_id) last.to = to;
    else merged.push({ from, to, userId: user_id });
  }
  return merged.length <= most ? merged : inParts(merged, most);
}

function inParts(stretches: readonly Stretch[], parts: number): Stretch[] {
  const end = stretches.at(-1)?.to ?? 0;
  const result: Stretch[] = [];
  let index = 0;
  for (let part = 0; part < parts; part += 1) {
    const from = Math.floor((end * part) / parts) + 1;
    const to = Math.floor((end * (part + 1)) / parts);
    const counts = new Map<string, number>();
    while (index < stretches.length) {
      const stretch = stretches[index];
      if (stretch === undefined || stretch.from > to) break;
      const inside = Math.min(stretch.to, to) - Math.max(stretch.from, from) + 1;
      counts.set(stretch.userId, (counts.get(stretch.userId) ?? 0) + inside);
      if (stretch.to > to) break; // it goes on in the next part
      index += 1;
    }
    const [most] = [...counts].sort(([, one], [, other]) => other - one);
    if (most !== undefined && to >= from) result.push({ from, to, userId: most[0] });
  }
  return result;
}

/** A mark on the time line where a day begins: at `version`, at `at` milliseconds since 1970. */
export interface DayTick {
  version: number;
  at: number;
}

/** The days on which versions were made; of ticks nearer than `apart` (a share of all versions) the first stays. */
export function dayTicks(sessions: readonly EditSession[], latest: number, apart = 0.12): DayTick[] {
  const ticks: DayTick[] = [];
  let day = "";
  for (const { from, at: time } of sessions) {
    const at = Date.parse(time);
    const itsDay = new Date(at).toDateString();
    if (itsDay === day) continue;
    day = itsDay;
    const last = ticks.at(-1);
    if (last === undefined || (from - last.version) / latest >= apart) ticks.push({ version: from, at });
  }
  return ticks;
}

/** How much of a text one person wrote, as a share of 1. */
export interface AuthorShare {
  userId: string;
  share: number;
}

/** The authors of a text, whoever wrote most first. */
export function sharesOf(runs: readonly AuthorRun[]): AuthorShare[] {
  const lengths = new Map<string, number>();
  let total = 0;
  for (const { user_id, length } of runs) {
    lengths.set(user_id, (lengths.get(user_id) ?? 0) + length);
    total += length;
  }
  return [...lengths]
    .map(([userId, length]) => ({ userId, share: length / total }))
    .sort((one, other) => other.share - one.share);
}

/** "62%", "<1%". */
export function percent(share: number): string {
  return share < 0.01 ? "<1%" : `${Math.round(share * 100)}%`;
}
