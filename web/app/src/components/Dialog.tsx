/** A modal dialog on the native element: focus stays inside, Escape closes, focus goes back to where it was. */

import { X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./Button.tsx";

export interface DialogProps {
  title: string;
  /** Asked for by Escape, the cross, or a press beside the dialog: take the dialog away then. */
  onClose: () => void;
  children: ComponentChildren;
  /** Buttons of the foot; a submit button names its form by the `form` attribute. */
  actions?: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, actions, wide = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const pressedBeside = useRef(false);
  const titleId = useId();

  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close(); // before it leaves the page: this is what brings focus back
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the key for this, and the element's own.
    <dialog
      ref={element}
      class={wide ? "dialog dialog--wide" : "dialog"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        if (event.target !== element.current) return; // a file input inside was cancelled
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        pressedBeside.current = event.target === element.current;
      }}
      onClick={(event) => {
        if (pressedBeside.current && event.target === element.current) onClose();
      }}
    >
      <div class="dialog__frame">
        <header class="dialog__head">
          <h2 id={titleId}>{title}</h2>
          <IconButton label="Close" icon={X} size="s" onClick={onClose} />
        </header>
        <div class="dialog__body">{children}</div>
        {actions && <footer class="dialog__foot">{actions}</footer>}
      </div>
    </dialog>
  );
}
