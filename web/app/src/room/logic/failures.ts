/** What a room that cannot be entered, or is over, means for the page. */

import type { RayroomsError, SaveState } from "../../../../client/src/index.ts";
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
    case "room_not_found":
      return { kind: wasIn ? "gone" : "not-found", retry: !wasIn };
    case "room_full":
      return { kind: "full", retry: true };
    case "too_many_members":
      return { kind: "full", detail: error.message, retry: true };
    case "upgrade_required":
      return { kind: "outdated", retry: true };
    case "bad_token":
      return { kind: "signed-out", retry: true };
    case "forbidden":
      return { kind: "no-access", detail: error.message, retry: true };
    default:
      return { kind: "away", detail: error.message, retry: true };
  }
}

/** What becomes of edits that were not sent yet when a page that is out of date is reloaded. */
export function outdatedDetail({ unsent }: Pick<SaveState, "unsent">, kept: boolean): string {
  const reload = "The server has been renewed since this page was opened. Reload it to go on.";
  if (unsent === 0) return reload;
  const edits = unsent === 1 ? "Your last edit is" : `Your last ${unsent} edits are`;
  return kept
    ? `${reload} ${edits} kept in this browser and sent then.`
    : `${reload} ${edits} held by this tab only and would be lost: download the text first.`;
}
