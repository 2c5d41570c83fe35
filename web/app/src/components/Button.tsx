/** Buttons: with words, and with an icon alone. */

import type { ComponentChildren, ComponentProps, Ref } from "preact";
import { ICON_SIZE, type Icon } from "./icon.ts";
import { Spinner } from "./Spinner.tsx";

type NativeButtonProps = Omit<ComponentProps<"button">, "size" | "icon" | "label" | "ref" | "class" | "className">;

export interface ButtonProps extends NativeButtonProps {
  variant?: "primary" | "secondary" | "ghost" | "danger";
  size?: "s" | "m";
  icon?: Icon;
  /** Shows that work is under way, and takes no further press; it stays focusable and says so to screen readers. */
  busy?: boolean;
  class?: string;
  innerRef?: Ref<HTMLButtonElement>;
  children?: ComponentChildren;
}

export function Button({
  variant = "secondary",
  size = "m",
  icon: IconShape,
  busy = false,
  class: className = "",
  innerRef,
  children,
  onClick,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      ref={innerRef ?? null}
      type={type}
      class={`button button--${variant} button--${size} ${className}`}
      aria-busy={busy}
      aria-disabled={busy ? true : rest["aria-disabled"]}
      onClick={busy ? preventDefault : onClick}
    >
      {busy ? <Spinner size={ICON_SIZE[size]} /> : IconShape && <IconShape size={ICON_SIZE[size]} aria-hidden="true" />}
      <span class="button__label">{children}</span>
    </button>
  );
}

export interface IconButtonProps extends NativeButtonProps {
  /** Its accessible name, shown as a tooltip too. */
  label: string;
  icon: Icon;
  size?: "s" | "m";
  /** For toggles: whether it is on. Leave it out for plain buttons. */
  active?: boolean;
  /** A count in its corner; nothing for 0. Say the same in `label`. */
  badge?: number;
  /** More than the name, for the tooltip: a shortcut, say. */
  hint?: string;
  class?: string;
  innerRef?: Ref<HTMLButtonElement>;
}

export function IconButton({
  label,
  icon: IconShape,
  size = "m",
  active,
  badge = 0,
  hint,
  class: className = "",
  innerRef,
  type = "button",
  ...rest
}: IconButtonProps) {
  return (
    <button
      {...rest}
      ref={innerRef ?? null}
      type={type}
      class={`icon-button icon-button--${size} ${className}`}
      aria-label={label}
      {...(active === undefined ? {} : { "aria-pressed": active })}
      data-tooltip={hint ? `${label} · ${hint}` : label}
    >
      <IconShape size={size === "s" ? 16 : 18} aria-hidden="true" />
      {badge > 0 && (
        <span class="icon-button__badge" aria-hidden="true">
          {badge > 99 ? "99+" : badge}
        </span>
      )}
    </button>
  );
}

function preventDefault(event: Event): void {
  event.preventDefault();
}
