/** Asks once more before something that is hard to take back, does it, and stays open with the reason when it fails. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { explain } from "../explain.ts";
import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";

export interface ConfirmDialogProps {
  title: string;
  /** What will happen, and whether it can be undone. */
  children: ComponentChildren;
  /** The verb of the button that does it. */
  confirm: string;
  danger?: boolean;
  onConfirm: () => Promise<void> | void;
  onClose: () => void;
}

export function ConfirmDialog({ title, children, confirm, danger = false, onConfirm, onClose }: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const run = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      await onConfirm();
      onClose();
    } catch (problem) {
      setError(explain(problem));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button autoFocus onClick={onClose}>
            Cancel
          </Button>
          <Button variant={danger ? "danger" : "primary"} busy={busy} onClick={() => void run()}>
            {confirm}
          </Button>
        </>
      }
    >
      <div class="dialog__words">{children}</div>
      {error && (
        <p class="notice notice--error" role="alert">
          {error}
        </p>
      )}
    </Dialog>
  );
}
