/** What of a room's page is open: the side panel, a dialog, the history. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { RoomEditor } from "../../../editor/src/editor.ts";
import { browserStorage, readItem, writeItem } from "../storage.ts";

export type Panel = "people" | "chat";
export type RoomDialog = "invite" | "shortcuts" | "delete" | "leave";

/** Below this width, in CSS pixels, the panel covers the editor and a bar at the foot switches between them. */
export const NARROW = "(max-width: 759.9px)";
/** From this width on the panel is open at first. */
const ROOMY = "(min-width: 1100px)";
const PANEL_KEY = "rayrooms.panel";

export class RoomUi {
  readonly panel: ReadonlySignal<Panel | null>;
  /** The panel that was open last, for the key that opens it again. */
  lastPanel: Panel = "people";
  /** Whether the panel that opens next takes the focus. */
  focusNext = false;
  readonly dialog = signal<RoomDialog | null>(null);
  /** Whether the history is shown in place of the live document. */
  readonly history = signal(false);
  readonly editor = signal<RoomEditor | null>(null);
  readonly canUndo = signal(false);
  readonly canRedo = signal(false);
  readonly narrow: ReadonlySignal<boolean>;
  readonly chatOpen: ReadonlySignal<boolean>;

  readonly #panel = signal<Panel | null>(null);
  readonly #narrow = signal(false);
  readonly #listening = new AbortController();

  constructor() {
    const narrow = matchMedia(NARROW);
    this.#narrow.value = narrow.matches;
    narrow.addEventListener("change", () => this.#narrowed(narrow.matches), { signal: this.#listening.signal });
    this.narrow = this.#narrow;
    this.panel = this.#panel;
    this.chatOpen = computed(() => this.#panel.value === "chat" && !this.history.value);
    if (matchMedia(ROOMY).matches) {
      this.#panel.value = rememberedPanel();
    }
    this.lastPanel = this.#panel.value ?? "people";
  }

  /** Show a panel, or none. */
  show(panel: Panel | null): void {
    this.#panel.value = panel;
    this.lastPanel = panel ?? this.lastPanel;
    if (!this.#narrow.value) {
      rememberPanel(panel);
    }
  }

  toggle(panel: Panel): void {
    this.show(this.#panel.value === panel ? null : panel);
  }

  dispose(): void {
    this.#listening.abort();
  }

  #narrowed(isNarrow: boolean): void {
    this.#narrow.value = isNarrow;
    if (isNarrow) {
      this.#panel.value = null; // it would cover the editor that one was just reading
    }
  }
}

function rememberedPanel(): Panel | null {
  const stored = readItem(browserStorage("localStorage"), PANEL_KEY);
  return stored === "chat" || stored === "people" ? stored : stored === "none" ? null : "people";
}

function rememberPanel(panel: Panel | null): void {
  writeItem(browserStorage("localStorage"), PANEL_KEY, panel ?? "none");
}
