/** Light or dark: what the widget's `theme` says, and for "auto" what Jupyter's own theme is. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { WidgetOptions } from "./model.ts";

/** Where a page tells its theme: JupyterLab and Notebook 7 at the body; without it the system's choice counts. */
export interface ThemedPage {
  readonly body: HTMLElement;
  readonly prefersDark: MediaQueryList;
}

/** Whether Jupyter is dark, as long as `end` has not come. */
export function jupyterIsDark({ body, prefersDark }: ThemedPage, end: AbortSignal): ReadonlySignal<boolean> {
  const read = (): boolean => {
    const light = body.getAttribute("data-jp-theme-light");
    return light === null ? prefersDark.matches : light === "false";
  };
  const isDark = signal(read());
  const look = (): void => {
    isDark.value = read();
  };
  const observer = new MutationObserver(look);
  observer.observe(body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  end.addEventListener("abort", () => observer.disconnect());
  prefersDark.addEventListener("change", look, { signal: end });
  return isDark;
}

/** Whether a view is dark. */
export function viewIsDark(
  options: ReadonlySignal<Pick<WidgetOptions, "theme">>,
  jupyter: ReadonlySignal<boolean>,
): ReadonlySignal<boolean> {
  return computed(() => (options.value.theme === "auto" ? jupyter.value : options.value.theme === "dark"));
}
