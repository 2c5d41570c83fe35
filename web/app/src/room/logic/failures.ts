/** What a room that cannot be entered, or is over, means for the page. */

import type { RayroomsError } from "../../../../client/src/index.ts";
import type { ProblemKind } from "../../components/index.ts";

export interface Failure {
  kind: ProblemKind;
  /** In place of the page's own words. */
  detail?: string;
  /** Whether trying again may help. */
  retry: boolean;
}

/** `wasIn`: whether the room had let this client in before. */
export function failureOf(error: Pick<RayroomsError, "code" | "message">, wasIn: boolean): Failure {
  switch (error.code) {
    case "not_a_member":
      return wasIn
        ? { kind: "no-access", detail: "You are no longer a member of this room.", retry: false }
        : { kind: "no-access", retry: true };
    case "room_not_found":
      return { kind: wasIn ? "deleted" : "not-found", retry: false };
    case "room_full":
      return { kind: "full", retry: true };
    case "bad_token":
      return { kind: "signed-out", retry: true };
    case "forbidden":
      return { kind: "no-access", detail: error.message, retry: true };
    default:
      return { kind: "away", detail: error.message, retry: true };
  }
}
