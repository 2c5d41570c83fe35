/** Ids that nobody else has. */

/** 16 hexadecimal digits at random. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
