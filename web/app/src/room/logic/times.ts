/** Times as the chat and the history show them, in the reader's time zone. */

const DAY_MS = 24 * 60 * 60_000;

/** "14:05". */
export function clock(at: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(at);
}

/** "Today", "Yesterday", "Monday", "3 March", "3 March 2024": as little as tells the day. */
export function dayLabel(at: number, now: number, locale?: string): string {
  const days = Math.round((midnight(now) - midnight(at)) / DAY_MS);
  if (days === 0) {
    return "Today";
  }
  if (days === 1) {
    return "Yesterday";
  }
  if (days > 1 && days < 7) {
    return new Intl.DateTimeFormat(locale, { weekday: "long" }).format(at);
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(at);
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
