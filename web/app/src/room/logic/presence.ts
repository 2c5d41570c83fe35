/** Whether one counts as online or away. */

/** Without any input for this long one is away. */
export const AWAY_AFTER_MS = 5 * 60_000;

/** Away while the page cannot be seen, or nothing was touched for a while. Times in milliseconds. */
export function presenceOf(hidden: boolean, lastInput: number, now: number): "online" | "away" {
  return hidden || now - lastInput >= AWAY_AFTER_MS ? "away" : "online";
}
