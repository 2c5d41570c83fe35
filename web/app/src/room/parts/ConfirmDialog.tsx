/** Asks once more before something is done that others notice. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { explain } from "../../api.ts";
import { Button, Dialog } from "../../components/index.ts";

export interface ConfirmDialogProps {
  title: string;
  /** The words of the button that does it. */
  confirm: string;
  danger?: boolean;
  /** When it fails, its message is shown and the dialog stays. */
  onConfirm: () => void | Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
}

export function ConfirmDialog({ title, confirm, danger = false, onConfirm, onClose, children }: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const go = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await onConfirm();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button variant={danger ? "danger" : "primary"} busy={busy} onClick={() => void go()}>
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      {problem !== null && (
        <p class="form-problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}
