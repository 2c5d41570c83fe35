/** The editor of a room: a CodeMirror view that shares its text, its carets and its rights with everybody. */

import { redo, redoDepth, undo, undoDepth } from "@codemirror/commands";
import { openSearchPanel } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import type { Room } from "../../client/src/index.ts";
import { documentOf, RoomBinding } from "./binding.ts";
import { cursorLayers } from "./cursorLayers.ts";
import { followCursors, remoteCursors, setRemoteCursors } from "./cursors.ts";
import type { LanguageLoader } from "./languageSupport.ts";
import { findLanguage } from "./languages.ts";
import { ownSelections } from "./ownSelections.ts";
import { editing, habits, reading } from "./setup.ts";
import { appearance, colourScheme } from "./theme.ts";

/** What an editor needs of its room. */
export type EditorRoom = Pick<Room, "text" | "edit" | "on" | "setCursor" | "cursors" | "others" | "role" | "sessionId">;

export interface EditorOptions {
  parent: HTMLElement;
  room: EditorRoom;
  /** An id or alias of LANGUAGES; anything else is plain text. */
  language: string;
  /** Makes the grammar of a language: `loadLanguage` of grammars.ts, or one's own. */
  loadLanguage: LanguageLoader;
  dark: boolean;
  /** The nonce that the page's content security policy allows style elements by. */
  nonce?: string;
  /** Refuse edits here, whatever the role. */
  readOnly?: boolean;
  /** Keys and other things of the page's, which go before the editor's own. */
  extra?: Extension;
  /** What screen readers call the editor. */
  label: string;
  /** Told after each change of the text or of what there is to undo and redo. */
  onHistory?: (depth: { undo: number; redo: number }) => void;
}

export class RoomEditor {
  readonly view: EditorView;
  readonly #room: EditorRoom;
  readonly #stops: (() => void)[] = [];
  readonly #scheme = new Compartment();
  readonly #grammar = new Compartment();
  readonly #rights = new Compartment();
  readonly #loadLanguage: LanguageLoader;
  #readOnly: boolean;
  #language = "";

  constructor(options: EditorOptions) {
    const { room, label, nonce, onHistory } = options;
    const binding = new RoomBinding(room);
    this.#room = room;
    this.#loadLanguage = options.loadLanguage;
    this.#readOnly = options.readOnly ?? false;
    this.view = new EditorView({
      parent: options.parent,
      dispatchTransactions: binding.dispatch,
      state: EditorState.create({
        doc: documentOf(room.text),
        extensions: [
          nonce === undefined ? [] : EditorView.cspNonce.of(nonce),
          options.extra ?? [],
          binding.extension,
          reading,
          editing,
          appearance,
          cursorLayers,
          followCursors(room),
          ownSelections(room, binding),
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          onHistory === undefined ? [] : historyListener(onHistory),
          this.#scheme.of(colourScheme(options.dark)),
          this.#grammar.of(habits(findLanguage(options.language))),
          this.#rights.of(rights(this.#mayNotEdit)),
        ],
      }),
    });
    const follow = () => this.#followRole();
    this.#stops.push(binding.attach(this.view), room.on("presence", follow), room.on("joined", follow));
    this.setLanguage(options.language).catch(() => {}); // without its grammar the text is as good in one colour
  }

  setDark(dark: boolean): void {
    this.view.dispatch({ effects: this.#scheme.reconfigure(colourScheme(dark)) });
  }

  /** Resolves when the language's grammar is in use; rejects when it cannot be loaded. */
  async setLanguage(name: string): Promise<void> {
    const language = findLanguage(name);
    this.#language = language.id;
    this.view.dispatch({ effects: this.#grammar.reconfigure(habits(language)) });
    const grammar = await this.#loadLanguage(language.id, this.view.state.doc);
    if (this.#language !== language.id || grammar === null) return; // another was chosen meanwhile
    this.view.dispatch({ effects: this.#grammar.reconfigure([habits(language), grammar]) });
  }

  /** Viewers cannot edit in any case. */
  setReadOnly(readOnly: boolean): void {
    this.#readOnly = readOnly;
    this.#followRole();
  }

  /** Bring someone's caret into view and show whose it is. False when they have none. */
  scrollToSession(sessionId: string): boolean {
    const cursors = this.view.state.field(remoteCursors);
    const head = cursors.find((cursor) => cursor.sessionId === sessionId)?.ranges[0]?.head;
    if (head === undefined) return false;
    const shown = cursors.map((one) => (one.sessionId === sessionId ? { ...one, moves: one.moves + 1 } : one));
    this.view.dispatch({ effects: [EditorView.scrollIntoView(head, { y: "center" }), setRemoteCursors.of(shown)] });
    return true;
  }

  focus(): void {
    this.view.focus();
  }

  openSearch(): void {
    openSearchPanel(this.view);
  }

  /** Take back one's own last edit. False when there is none. */
  undo(): boolean {
    return undo(this.view);
  }

  redo(): boolean {
    return redo(this.view);
  }

  destroy(): void {
    for (const stop of this.#stops) stop();
    this.view.destroy();
  }

  get #mayNotEdit(): boolean {
    return this.#readOnly || this.#room.role === "viewer";
  }

  #followRole(): void {
    if (this.view.state.readOnly !== this.#mayNotEdit) {
      this.view.dispatch({ effects: this.#rights.reconfigure(rights(this.#mayNotEdit)) });
    }
  }
}

/** Without the right to edit the text can still be focused, selected and copied, and no keyboard covers half a phone. */
function rights(readOnly: boolean): Extension {
  return [EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)];
}

function historyListener(tell: (depth: { undo: number; redo: number }) => void): Extension {
  return EditorView.updateListener.of(({ docChanged, state }) => {
    if (docChanged) tell({ undo: undoDepth(state), redo: redoDepth(state) });
  });
}
