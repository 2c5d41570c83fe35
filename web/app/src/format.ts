/** Times and names as people read them. Pure: the present moment and the language are passed in. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "5 minutes ago", "yesterday", "3 days ago"; older than a week: the date. A future time is now. */
export function timeAgo(time: Date, now: Date, locale?: string): string {
  const past = Math.max(0, now.getTime() - time.getTime());
  if (past < MINUTE) return "just now";
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (past < HOUR) return relative.format(-Math.floor(past / MINUTE), "minute");
  if (past < DAY) return relative.format(-Math.floor(past / HOUR), "hour");
  const days = calendarDay(now) - calendarDay(time);
  if (days < 7) return relative.format(-days, "day");
  return dateOf(time, now, locale);
}

/** "in 5 minutes", "in 6 days"; for what expires. A past time has "expired". */
export function timeLeft(time: Date, now: Date, locale?: string): string {
  const left = time.getTime() - now.getTime();
  if (left <= 0) return "expired";
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  const minutes = Math.max(1, Math.round(left / MINUTE));
  const hours = Math.round(left / HOUR);
  if (minutes < 60) return relative.format(minutes, "minute");
  if (hours < 24) return relative.format(hours, "hour");
  return relative.format(Math.round(left / DAY), "day");
}

/** "12 May", with the year when it is not this one. */
export function dateOf(time: Date, now: Date, locale?: string): string {
  const sameYear = time.getFullYear() === now.getFullYear();
  return new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(time);
}

/** The whole moment, for tooltips. */
export function momentOf(time: Date, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(time);
}

/**
 * One or two letters that stand for a name: of its first and last word; whole characters, whatever their script, and no
 * brackets.
 */
export function initials(name: string): string {
  const unbracketed = name.split(/\s+/u).map((word) => word.replace(/^\p{P}+/u, ""));
  const words = unbracketed.filter(Boolean);
  const first = words[0];
  const last = words.at(-1);
  if (first === undefined || last === undefined) return "?";
  const letters = words.length === 1 ? [firstCharacter(first)] : [firstCharacter(first), firstCharacter(last)];
  return letters.join("").toLocaleUpperCase();
}

/** The number of a time's day in the reader's own calendar. */
function calendarDay(time: Date): number {
  return Math.round(Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) / DAY);
}

/** What a person sees as the first character: emoji with their joiners stay whole. */
function firstCharacter(word: string): string {
  for (const { segment } of new Intl.Segmenter().segment(word)) return segment;
  return "";
}
