/** The dialogs of a room, whichever is open. */

import { useLocation } from "wouter-preact";
import { ConfirmDialog } from "../../components/ConfirmDialog.tsx";
import { Dialog, toast } from "../../components/index.ts";
import { explain } from "../../explain.ts";
import { useRoom } from "../context.ts";
import { SHORTCUTS } from "../shortcuts.ts";
import { InviteDialog } from "./InviteDialog.tsx";

export function Dialogs() {
  const { ui } = useRoom();
  const close = (): void => {
    ui.dialog.value = null;
  };
  switch (ui.dialog.value) {
    case "invite":
      return <InviteDialog onClose={close} />;
    case "shortcuts":
      return <ShortcutsDialog onClose={close} />;
    case "delete":
      return <DeleteDialog onClose={close} />;
    case "leave":
      return <LeaveDialog onClose={close} />;
    case null:
      return null;
  }
}

interface Closable {
  onClose: () => void;
}

function ShortcutsDialog({ onClose }: Closable) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} wide>
      <div class="shortcuts">
        {SHORTCUTS.map(({ title, shortcuts }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {shortcuts.map(({ keys, does }) => (
                <div key={does}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function DeleteDialog({ onClose }: Closable) {
  const { store } = useRoom();
  const [, navigate] = useLocation();
  const name = store.name.value;
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      confirm="Delete room"
      danger
      onClose={onClose}
      onConfirm={async () => {
        await store.delete();
        navigate("/");
        toast(`${name} was deleted.`);
      }}
    >
      <p>Its text, its chat and its history are gone for everyone, at once and for good.</p>
    </ConfirmDialog>
  );
}

function LeaveDialog({ onClose }: Closable) {
  const { store } = useRoom();
  const [, navigate] = useLocation();
  return (
    <ConfirmDialog
      title={`Leave ${store.name.value}?`}
      confirm="Leave room"
      danger
      onClose={onClose}
      onConfirm={async () => {
        await store.leave().catch((error: unknown) => toast(explain(error), { kind: "error" }));
        navigate("/");
      }}
    >
      <p>
        You are no longer a member of it then.{" "}
        {store.isPrivate.value === true ? "To come back you need a new invitation." : "You can come back by its link."}
      </p>
    </ConfirmDialog>
  );
}
