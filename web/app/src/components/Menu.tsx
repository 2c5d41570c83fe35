/** A menu button (WAI-ARIA pattern): arrow keys, Home, End, first letters; the list is a native popover. */

import { Check } from "lucide-preact";
import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { ICON_SIZE, type Icon } from "./icon.ts";
import { place } from "./place.ts";
import { rootOf } from "./root.ts";

export interface MenuItem {
  label: string;
  icon?: Icon;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
  /** For one of several choices: whether it is the present one. */
  checked?: boolean;
  /** Shown at its end: a shortcut, say. */
  hint?: string;
}

/** Spread them over the button that opens the menu. */
export interface MenuTriggerProps {
  id: string;
  "aria-haspopup": "menu";
  "aria-expanded": boolean;
  "aria-controls": string;
  onClick: () => void;
  onKeyDown: (event: TargetedKeyboardEvent<HTMLButtonElement>) => void;
}

export interface MenuProps {
  /** The accessible name of the list. */
  label: string;
  trigger: (props: MenuTriggerProps) => ComponentChildren;
  items: readonly (MenuItem | "separator")[];
  align?: "start" | "end";
}

export function Menu({ label, trigger, items, align = "end" }: MenuProps) {
  const id = useId();
  const triggerId = `${id}-trigger`;
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  // Light dismiss closes on the press that also clicks the trigger: that click must not open the menu again.
  const closedAt = useRef(Number.NEGATIVE_INFINITY);

  const entries = (): HTMLButtonElement[] => [
    ...(list.current?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? []),
  ];
  const show = (which: "first" | "last" | "checked"): void => {
    const menu = list.current;
    const anchor = menu && rootOf(menu).getElementById(triggerId);
    if (!menu || !anchor) return;
    menu.showPopover();
    const at = place(
      anchor.getBoundingClientRect(),
      { width: menu.offsetWidth, height: menu.offsetHeight },
      { width: document.documentElement.clientWidth, height: window.innerHeight },
      { side: "below", align },
    );
    menu.style.left = `${at.left}px`;
    menu.style.top = `${at.top}px`;
    const all = entries();
    const isChoice = which === "checked" && all.every((entry) => entry.ariaChecked !== null);
    const checked = isChoice ? all.find((entry) => entry.ariaChecked === "true") : undefined;
    (checked ?? all.at(which === "last" ? -1 : 0))?.focus();
  };
  const hide = (): void => list.current?.hidePopover();

  const onMenuKey = (event: KeyboardEvent): void => {
    const all = entries();
    const focused = list.current && rootOf(list.current).activeElement;
    const at = focused instanceof HTMLButtonElement ? all.indexOf(focused) : -1;
    const target = nextEntry(event.key, all, at);
    if (target) {
      event.preventDefault();
      target.focus();
    } else if (event.key === "Tab") {
      hide();
    }
  };

  return (
    <>
      {trigger({
        id: triggerId,
        "aria-haspopup": "menu",
        "aria-expanded": open,
        "aria-controls": id,
        onClick: () => {
          if (!open && performance.now() - closedAt.current > 50) show("checked");
          else hide();
        },
        onKeyDown: (event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          show(event.key === "ArrowDown" ? "first" : "last");
        },
      })}
      <div
        ref={list}
        id={id}
        class="menu"
        role="menu"
        aria-label={label}
        popover="auto"
        tabIndex={-1}
        onKeyDown={onMenuKey}
        onToggle={(event) => {
          const isOpen = event.newState === "open";
          if (!isOpen) closedAt.current = performance.now();
          setOpen(isOpen);
        }}
      >
        {items.map((item, index) =>
          item === "separator" ? (
            <hr key={`separator-${index}`} class="menu__separator" />
          ) : (
            <MenuEntry key={item.label} item={item} onChosen={hide} />
          ),
        )}
      </div>
    </>
  );
}

function MenuEntry({ item, onChosen }: { item: MenuItem; onChosen: () => void }) {
  const { label, icon: IconShape, danger = false, disabled = false, checked, hint } = item;
  return (
    <button
      type="button"
      class={danger ? "menu__item menu__item--danger" : "menu__item"}
      {...(checked === undefined ? { role: "menuitem" } : { role: "menuitemradio", "aria-checked": checked })}
      tabIndex={-1}
      disabled={disabled}
      onClick={() => {
        onChosen(); // first: what is chosen may open a dialog, which remembers where focus was
        item.onSelect();
      }}
      onPointerMove={(event) => event.currentTarget.focus({ preventScroll: true })}
    >
      {IconShape && <IconShape size={ICON_SIZE.m} aria-hidden="true" />}
      <span class="menu__label">{label}</span>
      {hint && <kbd class="menu__hint">{hint}</kbd>}
      {checked && <Check class="menu__check" size={ICON_SIZE.m} aria-hidden="true" />}
    </button>
  );
}

function nextEntry(key: string, all: readonly HTMLButtonElement[], at: number): HTMLButtonElement | undefined {
  switch (key) {
    case "ArrowDown":
      return all[(at + 1) % all.length];
    case "ArrowUp":
      return all.at(at <= 0 ? -1 : at - 1);
    case "Home":
      return all[0];
    case "End":
      return all.at(-1);
    default: {
      if (key.length !== 1 || key === " ") return undefined;
      const wanted = key.toLocaleLowerCase();
      const turned = [...all.slice(at + 1), ...all.slice(0, at + 1)];
      return turned.find((entry) => entry.textContent?.trim().toLocaleLowerCase().startsWith(wanted));
    }
  }
}
