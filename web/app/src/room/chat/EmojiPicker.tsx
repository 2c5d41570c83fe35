/** A few emoji to react with, in a popover by the button that opens it. */

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { place } from "../../components/place.ts";
import { rootOf } from "../../components/root.ts";

const EMOJI = [
  ["👍", "Thumbs up"],
  ["❤️", "Heart"],
  ["😂", "Laughing"],
  ["🎉", "Party"],
  ["👀", "Eyes"],
  ["🤔", "Thinking"],
  ["🙏", "Thank you"],
  ["✅", "Done"],
  ["🚀", "Rocket"],
  ["💡", "Idea"],
  ["🐛", "Bug"],
  ["👎", "Thumbs down"],
] as const;
const A_ROW = 6;

export interface EmojiPickerProps {
  held: Signal<boolean>;
  onChoose: (emoji: string) => void;
  /** The button that opens it; spread the props over it. */
  children: (props: {
    id: string;
    "aria-haspopup": "menu";
    "aria-controls": string;
    onClick: () => void;
  }) => ComponentChildren;
}

export function EmojiPicker({ held, onChoose, children }: EmojiPickerProps) {
  const id = useId();
  const buttonId = `${id}-button`;
  const popover = useRef<HTMLDivElement>(null);
  const open = (): void => {
    const list = popover.current;
    const anchor = list && rootOf(list).getElementById(buttonId);
    if (list === null || anchor === null) return;
    list.showPopover();
    const at = place(
      anchor.getBoundingClientRect(),
      { width: list.offsetWidth, height: list.offsetHeight },
      { width: document.documentElement.clientWidth, height: window.innerHeight },
      { side: "above", align: "end" },
    );
    list.style.left = `${at.left}px`;
    list.style.top = `${at.top}px`;
    list.querySelector("button")?.focus();
  };
  return (
    <>
      {children({ id: buttonId, "aria-haspopup": "menu", "aria-controls": id, onClick: open })}
      <div
        ref={popover}
        id={id}
        class="emoji-picker"
        role="menu"
        aria-label="Reactions"
        tabIndex={-1}
        popover="auto"
        onToggle={(event) => {
          held.value = event.newState === "open";
        }}
        onKeyDown={moveInGrid}
      >
        {EMOJI.map(([emoji, name]) => (
          <button
            key={emoji}
            type="button"
            role="menuitem"
            aria-label={name}
            tabIndex={-1}
            onClick={() => {
              popover.current?.hidePopover();
              onChoose(emoji);
            }}
          >
            <span aria-hidden="true">{emoji}</span>
          </button>
        ))}
      </div>
    </>
  );
}

function moveInGrid(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -A_ROW, ArrowDown: A_ROW };
  const step = steps[event.key];
  const all = [...event.currentTarget.querySelectorAll<Element>("button")];
  const { activeElement } = rootOf(event.currentTarget);
  const at = activeElement === null ? -1 : all.indexOf(activeElement);
  const next = step === undefined ? undefined : all[at + step];
  if (step !== undefined) {
    event.preventDefault();
    event.stopPropagation(); // the arrow keys also go from message to message
    if (next instanceof HTMLElement) next.focus();
  }
}
