/** Tooltips: one layer for the page shows the `data-tooltip` of whatever is hovered or focused by keyboard. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { place } from "./place.ts";
import { rootOf } from "./root.ts";

const DELAY_MS = 450;

/** Gives its children a tooltip; what can be focused among them should describe itself as well. */
export function Tooltip({ text, children }: { text: string; children: ComponentChildren }) {
  return (
    <span class="tooltip-anchor" data-tooltip={text}>
      {children}
    </span>
  );
}

/** The layer; stands once in the page, or in a shadow tree for what is in that. It is a popover, so that it shows above dialogs and is never cut off. */
export function TooltipLayer() {
  const element = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const tip = element.current;
    if (!tip) return;
    const listening = new AbortController();
    let anchor: Element | null = null;
    let timer = 0;

    const hide = (): void => {
      window.clearTimeout(timer);
      anchor = null;
      if (tip.matches(":popover-open")) tip.hidePopover();
    };
    const show = (): void => {
      const text = anchor?.getAttribute("data-tooltip");
      if (!anchor?.isConnected || !text || anchor.getAttribute("aria-expanded") === "true") return;
      tip.textContent = text;
      tip.showPopover();
      const at = place(
        anchor.getBoundingClientRect(),
        { width: tip.offsetWidth, height: tip.offsetHeight },
        { width: document.documentElement.clientWidth, height: window.innerHeight },
        { side: "below", align: "centre" },
      );
      tip.style.left = `${at.left}px`;
      tip.style.top = `${at.top}px`;
    };
    const consider = (event: Event): void => {
      const found = event.target instanceof Element ? event.target.closest("[data-tooltip]") : null;
      if (found === anchor) return;
      hide();
      if (!found || (event.type === "focusin" && !found.matches(":focus-visible, :has(:focus-visible)"))) return;
      anchor = found;
      timer = window.setTimeout(show, DELAY_MS);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") hide();
    };

    const { signal } = listening;
    const root = rootOf(tip); // what happens in a shadow tree seems, outside of it, to happen to its host
    const pointed = (event: Event): void => {
      if (event instanceof PointerEvent && event.pointerType !== "touch") consider(event);
    };
    const left = (event: Event): void => {
      const to = event instanceof PointerEvent ? event.relatedTarget : null;
      if (!(to instanceof Node && root.contains(to))) hide();
    };
    root.addEventListener("pointerover", pointed, { signal });
    root.addEventListener("pointerout", left, { signal });
    root.addEventListener("focusin", consider, { signal });
    root.addEventListener("focusout", hide, { signal });
    document.addEventListener("pointerdown", hide, { signal });
    document.addEventListener("scroll", hide, { signal, capture: true, passive: true });
    document.addEventListener("keydown", onKey, { signal });
    return () => {
      listening.abort();
      window.clearTimeout(timer);
    };
  }, []);

  // Icons say the same as their accessible name: read out, it would only be heard twice.
  return <div ref={element} class="tooltip" popover="manual" aria-hidden="true" />;
}
