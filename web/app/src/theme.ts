/** Light or dark: what was chosen is remembered and shared by all tabs; without a choice the system rules. */

import { computed, signal } from "@preact/signals";
import { browserStorage, readItem, writeItem } from "./storage.ts";

export type ThemeChoice = "system" | "light" | "dark";

const KEY = "rayrooms.theme";
/** The colours of `--bg`: browsers want them as plain values for the frame of the window. */
const FRAME = { light: "#f7f6f3", dark: "#121214" } as const;

const systemIsDark = signal(false);

export const themeChoice = signal<ThemeChoice>("system");

/** Whether the page is dark now. */
export const isDark = computed(() =>
  themeChoice.value === "system" ? systemIsDark.value : themeChoice.value === "dark",
);

/** What a stored value means; anything unknown means no choice. */
export function parseChoice(stored: string | null): ThemeChoice {
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice;
  apply();
  writeItem(browserStorage("localStorage"), KEY, choice === "system" ? null : choice);
}

/** Begin to follow the stored choice, other tabs and the system. Call it before anything is drawn. */
export function startTheme(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  systemIsDark.value = system.matches;
  system.addEventListener("change", () => {
    systemIsDark.value = system.matches;
    apply();
  });
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return;
    themeChoice.value = parseChoice(event.newValue);
    apply();
  });
  themeChoice.value = parseChoice(readItem(browserStorage("localStorage"), KEY));
  apply();
}

function apply(): void {
  const choice = themeChoice.value;
  const root = document.documentElement;
  if (choice === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", choice);
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const own = meta.media.includes("dark") ? "dark" : "light";
    meta.content = FRAME[choice === "system" ? own : choice];
  }
}
