/** What to tell people of an error. */

import { RayroomsError } from "../../client/src/errors.ts";

/** The server's own sentence, or ours when it could not be asked. */
export function explain(error: unknown): string {
  if (error instanceof RayroomsError) return error.message;
  return "The server cannot be reached. Check your connection and try again.";
}
