/** The notices of all views of a page: one layer at its foot, there as long as there is any view. */

import { effect, type ReadonlySignal } from "@preact/signals";
import { render } from "preact";
import { Toasts } from "../../app/src/components/Toasts.tsx";
import { adoptStyles } from "./styles.ts";

let host: HTMLElement | null = null;
let views = 0;

/** One more view, whose theme the notices take on. Returns what takes it away again. */
export function showNotices(isDark: ReadonlySignal<boolean>): () => void {
  views += 1;
  host ??= makeHost();
  const layer = host;
  const stop = effect(() => {
    layer.setAttribute("data-theme", isDark.value ? "dark" : "light");
  });
  return () => {
    stop();
    views -= 1;
    if (views > 0 || layer.shadowRoot === null) return;
    render(null, layer.shadowRoot);
    layer.remove();
    host = null;
  };
}

function makeHost(): HTMLElement {
  const layer = document.createElement("div");
  layer.className = "rayrooms-notices";
  const root = layer.attachShadow({ mode: "open" });
  adoptStyles(root);
  render(
    <div class="notices">
      <Toasts />
    </div>,
    root,
  );
  document.body.append(layer);
  return layer;
}
