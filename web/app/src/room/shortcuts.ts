/** The keys of the room page. Those of the editor are the editor's own; the dialog lists both. */

import type { RoomUi } from "./roomUi.ts";

const isApple = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/** How the main modifier is written: "⌘" or "Ctrl+". */
export const modKey = isApple ? "⌘" : "Ctrl+";
const altKey = isApple ? "⌥" : "Alt+";

export interface Shortcut {
  keys: string;
  does: string;
}

export const SHORTCUTS: readonly { title: string; shortcuts: readonly Shortcut[] }[] = [
  {
    title: "Room",
    shortcuts: [
      { keys: `${modKey}.`, does: "To the side panel; from there, close it and go back to the editor" },
      { keys: "Esc", does: "From the chat box back to the editor" },
      { keys: "?", does: "These shortcuts (outside of text)" },
    ],
  },
  {
    title: "Editor",
    shortcuts: [
      { keys: `${modKey}Z`, does: "Undo your own last edit" },
      { keys: isApple ? "⌘⇧Z" : "Ctrl+Y", does: "Redo it" },
      { keys: `${modKey}F`, does: "Search and replace" },
      { keys: `${modKey}D`, does: "Select the next occurrence too" },
      { keys: `${altKey}Click`, does: "Add a cursor" },
      { keys: `${modKey}/`, does: "Comment or uncomment" },
      { keys: "Esc, Tab", does: "Leave the editor by keyboard" },
    ],
  },
  {
    title: "Chat",
    shortcuts: [
      { keys: "Enter", does: "Send" },
      { keys: "⇧Enter", does: "New line" },
      { keys: "↑", does: "In an empty box: edit your last message" },
      { keys: "↑ ↓", does: "Among messages: move; Tab reaches what can be done" },
    ],
  },
  {
    title: "History",
    shortcuts: [
      { keys: "← →", does: "One version back or on" },
      { keys: "Page ↑ ↓", does: "A larger step" },
      { keys: "Space", does: "On the play button: play or pause" },
    ],
  },
];

/** Listen to the page's keys until the returned function is called. `panel` finds the open panel's element. */
export function listenToShortcuts(ui: RoomUi, panel: () => HTMLElement | null): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]") !== null) {
      return;
    }
    if (event.key === "." && (isApple ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      switchPanel(ui, panel());
    } else if (event.key === "?" && !event.ctrlKey && !event.metaKey && !isTextual(event.target)) {
      event.preventDefault();
      ui.dialog.value = "shortcuts";
    }
  };
  window.addEventListener("keydown", onKey);
  return () => window.removeEventListener("keydown", onKey);
}

/** To the panel when it is closed, or open without focus; back to the editor when focus is in it. */
function switchPanel(ui: RoomUi, panel: HTMLElement | null): void {
  if (panel?.contains(document.activeElement) === true) {
    ui.show(null);
    ui.editor.value?.focus();
  } else if (panel === null) {
    ui.focusNext = true;
    ui.show(ui.lastPanel);
  } else {
    focusPanel(panel);
  }
}

/** Move focus to where one goes on in a panel. */
export function focusPanel(panel: HTMLElement): void {
  (panel.querySelector<HTMLElement>("[data-panel-focus]") ?? panel).focus();
}

function isTextual(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
