/** Short notices at the foot of the page: said once, read out, gone by themselves unless pointed at. */

import { signal, useSignalEffect } from "@preact/signals";
import { CircleAlert, CircleCheck, Info, X } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, IconButton } from "./Button.tsx";
import { ICON_SIZE } from "./icon.ts";

export type ToastKind = "info" | "success" | "error";

export interface ToastOptions {
  kind?: ToastKind;
  /** What one can do about it. */
  action?: { label: string; onSelect: () => void };
}

interface Toast extends Required<Pick<ToastOptions, "kind">>, Pick<ToastOptions, "action"> {
  id: number;
  message: string;
}

const MOST = 3;
const STAY_MS = { info: 5_000, success: 4_000, error: 9_000 } as const;
const ICONS = { info: Info, success: CircleCheck, error: CircleAlert } as const;

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

/** Tell something; the oldest goes when there are too many, and the same words are not said twice at once. */
export function toast(message: string, { kind = "info", action }: ToastOptions = {}): void {
  lastId += 1;
  const others = toasts.value.filter((shown) => shown.message !== message);
  toasts.value = [...others.slice(1 - MOST), { id: lastId, message, kind, ...(action ? { action } : {}) }];
}

export function Toasts() {
  const layer = useRef<HTMLElement>(null);
  useSignalEffect(() => {
    // The newest popover is the topmost: shown anew, it is above a dialog that opened since.
    const isAny = toasts.value.length > 0;
    if (layer.current?.matches(":popover-open")) layer.current.hidePopover();
    if (isAny) layer.current?.showPopover();
  });
  return (
    <section ref={layer} class="toasts" popover="manual" aria-label="Notices" aria-live="polite">
      {toasts.value.map((item) => (
        <ToastView key={item.id} toast={item} />
      ))}
    </section>
  );
}

function ToastView({ toast: { id, message, kind, action } }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  const close = (): void => {
    toasts.value = toasts.value.filter((other) => other.id !== id);
  };
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => {
      toasts.value = toasts.value.filter((other) => other.id !== id);
    }, STAY_MS[kind]);
    return () => clearTimeout(timer);
  }, [held, id, kind]);

  const IconShape = ICONS[kind];
  const hold = (): void => setHeld(true);
  const release = (): void => setHeld(false);
  return (
    <div
      class={`toast toast--${kind}`}
      onPointerEnter={hold}
      onPointerLeave={release}
      onFocusIn={hold}
      onFocusOut={release}
    >
      <IconShape size={ICON_SIZE.m} aria-hidden="true" />
      <p>{message}</p>
      {action && (
        <Button
          size="s"
          variant="ghost"
          onClick={() => {
            close();
            action.onSelect();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton label="Dismiss" icon={X} size="s" onClick={close} />
    </div>
  );
}
