/** What the page says of whether one's edits are safe. It says no more than the room has confirmed. */

import type { ConnectionStatus, SaveState } from "../../../../client/src/index.ts";

export interface SaveLabel {
  kind: "saved" | "saving" | "offline" | "connecting";
  /** What is always shown. */
  text: string;
  /** What it means, for a tooltip. */
  meaning: string;
}

/** `kept` tells whether unsent edits survive a closed tab: the browser lets this page store them. */
export function saveLabel(saved: SaveState, status: ConnectionStatus, kept: boolean): SaveLabel {
  if (status === "connecting" && saved.unsent === 0) {
    return { kind: "connecting", text: "Connecting…", meaning: "Opening the room." };
  }
  switch (saved.kind) {
    case "saved":
      return { kind: "saved", text: "Saved", meaning: "All of your edits are stored." };
    case "saving":
      return { kind: "saving", text: "Saving…", meaning: "Your latest edits are on their way to storage." };
    case "offline":
      return {
        kind: "offline",
        text: saved.unsent === 0 ? "Offline" : `Offline · ${saved.unsent} unsent`,
        meaning: offlineMeaning(saved.unsent, kept),
      };
  }
}

function offlineMeaning(unsent: number, kept: boolean): string {
  if (unsent === 0) {
    return "No connection to the room. You can go on typing; it is sent once you are back.";
  }
  const edits = unsent === 1 ? "1 edit is" : `${unsent} edits are`;
  return kept
    ? `No connection to the room. ${edits} kept in this browser, even when you close the tab, and sent once you are back.`
    : `No connection to the room. ${edits} held by this tab only: keep it open until you are back.`;
}

/** Whether closing the tab now would lose something. */
export function wouldLose(saved: SaveState, kept: boolean): boolean {
  return !kept && saved.kind !== "saved" && (saved.unsent > 0 || saved.kind === "saving");
}

/** What to tell a writer who is not connected, or whose edits are not taken; `code` is that of the error that says why. */
export function offlineWords(code: string | undefined, kept: boolean): string {
  const [what, until] =
    code === "backlog_full" || code === "database_unavailable"
      ? ["The server cannot save edits now.", "when it can"]
      : code === "rate_limited"
        ? ["You have sent more than the server takes at once.", "in a moment"]
        : ["You are offline.", "when you are back"];
  return kept
    ? `${what} Write on: your edits are kept in this browser and sent ${until}.`
    : `${what} Write on, and keep this tab open: your edits are sent ${until}.`;
}
