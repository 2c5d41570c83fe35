/** Shows the document as it stood: to be read only, each part tinted in the colour of who wrote it. */

import { Compartment, EditorState, type Extension, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";
import type { Range } from "../../client/src/index.ts";
import type { AuthorRun } from "./authorship.ts";
import { documentOf } from "./binding.ts";
import { colourOf } from "./colours.ts";
import { loadLanguage } from "./grammars.ts";
import { findLanguage, isProse } from "./languages.ts";
import { toCodePoints, toUtf16 } from "./offsets.ts";
import { LINE_BREAK } from "./operations.ts";
import { AUTHORED } from "./palette.ts";
import { reading } from "./setup.ts";
import { appearance, colourScheme } from "./theme.ts";

export interface HistoryViewOptions {
  parent: HTMLElement;
  dark: boolean;
  nonce?: string;
  language: string;
  /** What screen readers call the view. */
  label: string;
  /** What is known of a person: the name is shown on hovering over what they wrote. */
  person?: (userId: string) => { name?: string; colour?: string };
}

/** Whose parts the text has: `ends[i]` is the code point offset behind the run of `users[i]`. */
interface Authors {
  readonly users: readonly string[];
  readonly ends: readonly number[];
}

interface Shown {
  readonly authors: Authors;
  /** UTF-16 offsets. */
  readonly changed: readonly Range[];
}

const show = StateEffect.define<Shown>();
const shown = StateField.define<Shown>({
  create: () => ({ authors: { users: [], ends: [] }, changed: [] }),
  update: (value, transaction) => transaction.effects.find((effect) => effect.is(show))?.value ?? value,
});

export class HistoryView {
  readonly view: EditorView;
  readonly #options: HistoryViewOptions;
  readonly #scheme = new Compartment();
  readonly #grammar = new Compartment();
  readonly #tints = new Compartment();
  readonly #marks = new Map<string, Decoration>();
  #text = "";

  constructor(options: HistoryViewOptions) {
    this.#options = options;
    const prose = isProse(findLanguage(options.language));
    this.view = new EditorView({
      parent: options.parent,
      extensions: [
        options.nonce === undefined ? [] : EditorView.cspNonce.of(options.nonce),
        EditorState.lineSeparator.of(LINE_BREAK),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "0" }),
        reading,
        appearance,
        prose ? EditorView.lineWrapping : [],
        shown,
        EditorView.decorations.of(changes), // first, and so inside the tints, whose colours it takes up
        EditorView.decorations.of((view) => this.#tinted(view)),
        theme,
        this.#tints.of([]),
        this.#scheme.of(colourScheme(options.dark)),
        this.#grammar.of([]),
      ],
    });
    void this.#colour(options.language);
  }

  /**
   * Show a text; `runs` say who wrote it, `changed` what is new in it (both in code points). The first change is
   * scrolled into view.
   */
  show(text: string, runs: readonly AuthorRun[], changed: readonly Range[] = []): void {
    const { state } = this.view;
    const edit = difference(this.#text, text);
    const doc = edit === null ? state.doc : state.doc.replace(edit.from, edit.to, documentOf(edit.insert));
    const places = changed.map(([start, end]): Range => [toUtf16(doc, start), toUtf16(doc, end)]);
    const [first] = places;
    this.#text = text;
    this.#meet(runs);
    this.view.dispatch({
      ...(edit === null ? {} : { changes: edit }),
      effects: [
        show.of({ authors: authorsOf(runs), changed: places }),
        ...(first === undefined ? [] : [EditorView.scrollIntoView(first[0], { y: "nearest", yMargin: 80 })]),
      ],
    });
  }

  setDark(dark: boolean): void {
    this.view.dispatch({ effects: this.#scheme.reconfigure(colourScheme(dark)) });
  }

  destroy(): void {
    this.view.destroy();
  }

  /** A class for each author, its colour in a style sheet: style attributes would break the page's policy. */
  #meet(runs: readonly AuthorRun[]): void {
    const known = this.#marks.size;
    for (const { user_id } of runs) {
      if (this.#marks.has(user_id)) continue;
      const name = this.#options.person?.(user_id).name;
      const attributes = name === undefined ? {} : { attributes: { title: name } };
      this.#marks.set(user_id, Decoration.mark({ class: `rr-author rr-author-${this.#marks.size}`, ...attributes }));
    }
    if (this.#marks.size === known) return;
    const rules = [...this.#marks.keys()].map((user_id, index) => {
      const { solid } = colourOf({ user_id, ...this.#options.person?.(user_id) });
      return [`.rr-author-${index}`, { "--rr-colour": solid }] as const;
    });
    this.view.dispatch({ effects: this.#tints.reconfigure(EditorView.theme(Object.fromEntries(rules))) });
  }

  /** The tints of what is on the screen. */
  #tinted(view: EditorView): DecorationSet {
    const { doc } = view.state;
    const { users, ends } = view.state.field(shown).authors;
    const tints = new RangeSetBuilder<Decoration>();
    for (const { from, to } of view.visibleRanges) {
      let index = firstAbove(ends, toCodePoints(doc, from));
      let start = from;
      while (start < to && index < ends.length) {
        const end = Math.min(to, toUtf16(doc, ends[index] ?? 0));
        const mark = this.#marks.get(users[index] ?? "");
        if (end > start && mark !== undefined) tints.add(start, end, mark);
        start = end;
        index++;
      }
    }
    return tints.finish();
  }

  async #colour(name: string): Promise<void> {
    const grammar = await loadLanguage(name).catch(() => null); // it is as readable in one colour
    if (grammar !== null) this.view.dispatch({ effects: this.#grammar.reconfigure(grammar) });
  }
}

function authorsOf(runs: readonly AuthorRun[]): Authors {
  let end = 0;
  const ends = runs.map(({ length }) => {
    end += length;
    return end;
  });
  return { users: runs.map(({ user_id }) => user_id), ends };
}

/** The index of the first of ascending `values` above `bound`. */
function firstAbove(values: readonly number[], bound: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The one change between two texts, as small as one can be. */
function difference(old: string, now: string): { from: number; to: number; insert: string } | null {
  if (old === now) return null;
  const shorter = Math.min(old.length, now.length);
  let from = 0;
  while (from < shorter && old.charCodeAt(from) === now.charCodeAt(from)) from++;
  let tail = 0;
  while (tail < shorter - from && old.charCodeAt(old.length - 1 - tail) === now.charCodeAt(now.length - 1 - tail))
    tail++;
  return { from, to: old.length - tail, insert: now.slice(from, now.length - tail) };
}

class Removed extends WidgetType {
  override eq(): boolean {
    return true;
  }

  override toDOM(): HTMLElement {
    const mark = document.createElement("span");
    mark.className = "rr-removed";
    mark.setAttribute("aria-hidden", "true");
    return mark;
  }
}

const inserted = Decoration.mark({ class: "rr-inserted" });
const removed = Decoration.widget({ widget: new Removed(), side: 1 });

/** Marks what the version shown has changed. */
function changes(view: EditorView): DecorationSet {
  return Decoration.set(
    view.state
      .field(shown)
      .changed.map(([start, end]) => (start === end ? removed.range(start) : inserted.range(start, end))),
    true,
  );
}

function authored(percent: number): string {
  return `color-mix(in srgb, var(--rr-colour) ${percent}%, transparent)`;
}

const theme: Extension = EditorView.baseTheme({
  ".rr-author": { padding: "0.2em 0", backgroundColor: authored(AUTHORED.light) },
  "&dark .rr-author": { backgroundColor: authored(AUTHORED.dark) },
  ".rr-inserted": { "--rr-ink": "var(--rr-colour)", boxShadow: "0 2px 0 var(--rr-ink)" },
  "&dark .rr-inserted": { "--rr-ink": "color-mix(in oklab, var(--rr-colour) 55%, white)" },
  ".rr-removed": {
    display: "inline-block",
    width: "0",
    height: "1.1em",
    verticalAlign: "text-bottom",
    borderLeft: "2px dashed var(--danger, #c22f2f)",
    marginLeft: "-1px",
    marginRight: "-1px",
  },
});
