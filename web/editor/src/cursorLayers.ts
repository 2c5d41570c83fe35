/**
 * Draws the others' selections and carets in layers of their own, behind and above the text.
 *
 * Nothing of it is in the text's own elements, so neither input methods, nor the browser's caret, nor screen readers
 * meet it. Colours are set through the style objects of the elements, which a strict content security policy allows.
 */

import { EditorSelection, type Extension, type SelectionRange } from "@codemirror/state";
import { EditorView, type LayerMarker, layer, RectangleMarker, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { type RemoteCursor, remoteCursors } from "./cursors.ts";

const FLAG_HEIGHT = 18;
const FLAG_SHOWN_MS = 2000;
const FLAG_FADES_MS = 300;
/** How near the pointer must come to a caret, in pixels, for its flag to show. */
const NEAR = 14;

class SelectionMarker implements LayerMarker {
  readonly #box: RectangleMarker;
  readonly #colour: string;

  constructor(box: RectangleMarker, colour: string) {
    this.#box = box;
    this.#colour = colour;
  }

  eq(other: SelectionMarker): boolean {
    return this.#colour === other.#colour && this.#box.eq(other.#box);
  }

  draw(): HTMLElement {
    const dom = this.#box.draw();
    dom.style.setProperty("--rr-colour", this.#colour);
    return dom;
  }

  update(dom: HTMLElement, old: SelectionMarker): boolean {
    dom.style.setProperty("--rr-colour", this.#colour);
    return this.#box.update(dom, old.#box);
  }
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly height: number;
}

/** How a flag stands at its caret, so that it can be seen. */
interface Stance {
  /** Below the line instead of above it. */
  readonly below: boolean;
  /** To the left of the caret instead of to its right. */
  readonly leftwards: boolean;
  /** How many other flags stand between it and the line. */
  readonly level: number;
}

class CaretMarker implements LayerMarker {
  readonly place: Place;
  readonly #cursor: RemoteCursor;
  /** Null for a caret that is not its owner's main one: it goes without a flag. */
  readonly #stance: Stance | null;

  constructor(cursor: RemoteCursor, place: Place, stance: Stance | null) {
    this.#cursor = cursor;
    this.place = place;
    this.#stance = stance;
  }

  eq(other: CaretMarker): boolean {
    const [one, two] = [this.#cursor, other.#cursor];
    return (
      one.sessionId === two.sessionId &&
      one.moves === two.moves &&
      one.name === two.name &&
      one.away === two.away &&
      one.colours === two.colours &&
      this.place.left === other.place.left &&
      this.place.top === other.place.top &&
      this.place.height === other.place.height &&
      this.#stance?.below === other.#stance?.below &&
      this.#stance?.leftwards === other.#stance?.leftwards &&
      this.#stance?.level === other.#stance?.level
    );
  }

  draw(): HTMLElement {
    const dom = document.createElement("div");
    dom.className = "rr-caret";
    dom.setAttribute("data-session", this.#cursor.sessionId);
    if (this.#stance !== null) {
      const flag = document.createElement("div");
      flag.className = "rr-flag";
      dom.append(flag);
      raise(flag);
    }
    this.#arrange(dom);
    return dom;
  }

  update(dom: HTMLElement, old: CaretMarker): boolean {
    if (old.#cursor.sessionId !== this.#cursor.sessionId) return false;
    if ((old.#stance === null) !== (this.#stance === null)) return false;
    this.#arrange(dom);
    if (old.#cursor.moves !== this.#cursor.moves && dom.firstChild instanceof HTMLElement) raise(dom.firstChild);
    return true;
  }

  #arrange(dom: HTMLElement): void {
    const { name, colours, away } = this.#cursor;
    dom.classList.toggle("rr-away", away);
    dom.style.setProperty("--rr-colour", colours.solid);
    dom.style.left = `${this.place.left}px`;
    dom.style.top = `${this.place.top}px`;
    dom.style.height = `${this.place.height}px`;
    const flag = dom.firstChild;
    if (this.#stance === null || !(flag instanceof HTMLElement)) return;
    flag.textContent = name;
    flag.classList.toggle("rr-below", this.#stance.below);
    flag.classList.toggle("rr-leftwards", this.#stance.leftwards);
    flag.style.setProperty("--rr-level", String(this.#stance.level));
  }
}

/** Show a flag for a while; where less motion is wanted it goes at once instead of fading. */
function raise(flag: HTMLElement): void {
  const fade = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : FLAG_FADES_MS;
  const duration = FLAG_SHOWN_MS + fade;
  for (const animation of flag.getAnimations()) animation.cancel();
  flag.animate([{ opacity: 1 }, { opacity: 1, offset: FLAG_SHOWN_MS / duration }, { opacity: 0 }], duration);
}

function selections(view: EditorView): LayerMarker[] {
  return view.state.field(remoteCursors).flatMap(({ ranges, colours }) =>
    ranges
      .filter((range) => !range.empty)
      .flatMap((range) => RectangleMarker.forRange(view, "rr-selection", range))
      .map((box) => new SelectionMarker(box, colours.solid)),
  );
}

function carets(view: EditorView): LayerMarker[] {
  const { scrollLeft, scrollTop, clientWidth } = view.scrollDOM;
  const markers: CaretMarker[] = [];
  const flagged: Place[] = [];
  for (const cursor of view.state.field(remoteCursors)) {
    for (const [index, range] of cursor.ranges.entries()) {
      const place = placeOf(view, range);
      if (place === null) continue;
      let stance: Stance | null = null;
      if (index === 0) {
        const width = flagWidth(cursor.name);
        const level = flagged.filter(
          (other) => other.top === place.top && Math.abs(other.left - place.left) < width,
        ).length;
        stance = {
          level,
          below: place.top - scrollTop < FLAG_HEIGHT * (level + 1),
          leftwards: place.left + width > scrollLeft + clientWidth && place.left - width > scrollLeft,
        };
        flagged.push(place);
      }
      markers.push(new CaretMarker(cursor, place, stance));
    }
  }
  return markers;
}

/** Where the head of a selection is drawn; null outside the part of the document that is. */
function placeOf(view: EditorView, range: SelectionRange): Place | null {
  const [box] = RectangleMarker.forRange(view, "", EditorSelection.cursor(range.head));
  return box === undefined ? null : { left: box.left, top: box.top, height: box.height };
}

/** About how wide a flag is, in pixels: close enough to choose a side. */
function flagWidth(name: string): number {
  return Math.min(name.length, 24) * 7 + 14;
}

function changed(update: ViewUpdate): boolean {
  return update.docChanged || update.startState.field(remoteCursors) !== update.state.field(remoteCursors);
}

/** Shows the flags of the carets that the pointer is near to. */
const nearness = ViewPlugin.define(() => ({}), {
  eventHandlers: {
    mousemove(event, view) {
      for (const caret of view.scrollDOM.querySelectorAll(".rr-caret")) {
        const { left, right, top, bottom } = caret.getBoundingClientRect();
        const across = Math.max(left - event.clientX, event.clientX - right);
        const along = Math.max(top - event.clientY, event.clientY - bottom);
        caret.classList.toggle("rr-near", across < NEAR && along < NEAR / 2);
      }
    },
    mouseleave(_event, view) {
      for (const caret of view.scrollDOM.querySelectorAll(".rr-near")) caret.classList.remove("rr-near");
    },
  },
});

const theme = EditorView.baseTheme({
  ".rr-carets, .rr-selections": { pointerEvents: "none" },
  ".rr-selection": { backgroundColor: "color-mix(in srgb, var(--rr-colour) 17%, transparent)" },
  "&dark .rr-selection": { backgroundColor: "color-mix(in srgb, var(--rr-colour) 34%, transparent)" },
  ".rr-caret": {
    "--rr-ink": "var(--rr-colour)",
    width: "2px",
    marginLeft: "-1px",
    borderRadius: "1px",
    backgroundColor: "var(--rr-ink)",
  },
  "&dark .rr-caret": { "--rr-ink": "color-mix(in oklab, var(--rr-colour) 60%, white)" },
  ".rr-caret.rr-away, &dark .rr-caret.rr-away": { "--rr-ink": "color-mix(in srgb, var(--rr-colour) 50%, transparent)" },
  ".rr-flag": {
    position: "absolute",
    left: "0",
    bottom: `calc(100% + ${FLAG_HEIGHT}px * var(--rr-level))`,
    maxWidth: "16em",
    height: `${FLAG_HEIGHT}px`,
    padding: "0 6px",
    boxSizing: "border-box",
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
    borderRadius: "4px 4px 4px 0",
    backgroundColor: "var(--rr-colour)",
    color: "#ffffff",
    fontFamily: "var(--font, system-ui, sans-serif)",
    fontSize: "11px",
    fontWeight: "600",
    lineHeight: `${FLAG_HEIGHT}px`,
    opacity: "0",
  },
  ".rr-flag.rr-below": {
    bottom: "auto",
    top: `calc(100% + ${FLAG_HEIGHT}px * var(--rr-level))`,
    borderRadius: "0 4px 4px 4px",
  },
  ".rr-flag.rr-leftwards": { left: "auto", right: "0", borderRadius: "4px 4px 0 4px" },
  ".rr-flag.rr-below.rr-leftwards": { borderRadius: "4px 0 4px 4px" },
  ".rr-near .rr-flag": { opacity: "1" },
});

/** Needs the field `remoteCursors`. */
export const cursorLayers: Extension = [
  remoteCursors,
  layer({ above: false, class: "rr-selections", update: changed, markers: selections }),
  layer({ above: true, class: "rr-carets", update: changed, markers: carets }),
  nearness,
  theme,
];
