/** The options of a widget as they change: traits set in the kernel take effect in every view. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { readOptions, type WidgetModel, type WidgetOptions } from "./model.ts";

/** Follows the model for as long as the view lasts. Throws as `readOptions` when they cannot be read at first. */
export function liveOptions(model: Pick<WidgetModel, "get" | "on">): ReadonlySignal<WidgetOptions> {
  const options = signal(readOptions(model));
  model.on("change", () => {
    try {
      const changed = readOptions(model);
      if (JSON.stringify(changed) !== JSON.stringify(options.peek())) options.value = changed;
    } catch {
      // Traits that mean nothing: the view stays as it is.
    }
  });
  return options;
}
