/** The keys that an editor in a notebook has besides those of any editor. */

import type { Extension } from "@codemirror/state";
import { Prec } from "@codemirror/state";
import { keymap } from "@codemirror/view";

export interface NotebookKeys {
  /** Runs the text. False when it is not one that can be run. */
  run: () => boolean;
}

/**
 * As in a code cell, Shift+Enter and Ctrl+Enter run. Ctrl+S does nothing: all is saved as it is typed, and the browser
 * would offer to save the page.
 */
export function notebookKeys({ run }: NotebookKeys): Extension {
  return Prec.highest(
    keymap.of([
      { key: "Shift-Enter", run },
      { key: "Mod-Enter", run, preventDefault: true },
      { key: "Mod-s", run: () => true },
    ]),
  );
}
