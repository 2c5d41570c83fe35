/** What an editor can do, whatever it edits: keys, gutters, search, completion, several carets. */

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { completeWord } from "./completeWord.ts";
import { isProse, type Language } from "./languages.ts";

const CARRIAGE_RETURN = 13;

/** Carriage returns are characters of the document; those at the end of each line of a file should not shout. */
const specialChars = highlightSpecialChars({
  render(code, description, placeholder) {
    const mark = document.createElement("span");
    mark.className = "cm-specialChar";
    mark.textContent = code === CARRIAGE_RETURN ? "␍" : placeholder;
    mark.title = description ?? "";
    mark.setAttribute("aria-label", description ?? "special character");
    return mark;
  },
});

/** For reading: what a text is shown with, edited or not. */
export const reading: Extension = [
  lineNumbers(),
  specialChars,
  drawSelection(),
  search({ top: true }),
  keymap.of(searchKeymap),
];

/** For editing. Tab indents; Escape and then Tab leaves the editor, as does Tab after Ctrl-m (Shift-Alt-m on macOS). */
export const editing: Extension = [
  highlightActiveLineGutter(),
  highlightActiveLine(),
  history(),
  foldGutter(),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  EditorView.clickAddsSelectionRange.of((event) => (event.altKey && !event.shiftKey) || event.ctrlKey || event.metaKey),
  rectangularSelection({ eventFilter: (event) => event.altKey && event.shiftKey && event.button === 0 }),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightSelectionMatches({ minSelectionLength: 2 }),
  EditorState.languageData.of(() => [{ autocomplete: completeWord }]),
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...historyKeymap,
    ...foldKeymap,
    ...completionKeymap,
    indentWithTab,
  ]),
];

/** What follows from the language besides its grammar: code does not wrap, and prose is left alone while it is typed. */
export function habits(language: Language): Extension {
  const prose = isProse(language);
  return [
    autocompletion({ activateOnTyping: !prose, maxRenderedOptions: 30 }),
    indentUnit.of(language.id === "python" || language.id === "rust" ? "    " : "  "),
    EditorView.contentAttributes.of({
      spellcheck: prose ? "true" : "false",
      autocorrect: prose ? "on" : "off",
      autocapitalize: prose ? "sentences" : "off",
    }),
    prose ? EditorView.lineWrapping : [],
  ];
}
