/** How fast a history is played. */

export const SPEEDS = [1, 4, 16] as const;
export type Speed = (typeof SPEEDS)[number];

/** At speed 1 no history takes longer than about this. */
const LONGEST_S = 45;
/** Short ones are not rushed through: so many versions a second, about as fast as people type. */
const UNHURRIED = 8;

/** How many versions a second are shown of a history of `latest` versions. */
export function versionsPerSecond(latest: number, speed: Speed): number {
  return Math.max(UNHURRIED, latest / LONGEST_S) * speed;
}
