/** The history of the document in place of the live one: any version, who wrote what, and bringing one back. */

import { useSignalEffect } from "@preact/signals";
import { RotateCcw, Sprout, X } from "lucide-preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { HistoryView } from "../../../../editor/src/historyView.ts";
import { ConfirmDialog } from "../../components/ConfirmDialog.tsx";
import { Button, EmptyState, Skeleton, toast } from "../../components/index.ts";
import { isDark } from "../../theme.ts";
import { authorColour } from "../colour.ts";
import { useRoom } from "../context.ts";
import { pageNonce } from "../nonce.ts";
import { HistoryStore } from "./historyStore.ts";
import { Legend } from "./Legend.tsx";
import { Timeline } from "./Timeline.tsx";

export function HistoryMode() {
  const { store, ui } = useRoom();
  const history = useMemo(() => new HistoryStore(store.rest, store.room), [store]);
  useEffect(() => {
    void history.read();
    return () => history.dispose();
  }, [history]);
  const close = (): void => {
    ui.history.value = false;
  };
  return (
    <section class="history" aria-label="History">
      <header class="history__head">
        <h2>History</h2>
        <Legend history={history} />
        <div class="history__actions">
          <Restore history={history} onRestored={close} />
          <Button size="s" icon={X} onClick={close}>
            Back to now
          </Button>
        </div>
      </header>
      <Document history={history} />
      <Timeline history={history} />
    </section>
  );
}

/** The text at the version shown, each part tinted in its author's colour. */
function Document({ history }: { history: HistoryStore }) {
  const { store } = useRoom();
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<HistoryView | null>(null);

  useEffect(() => {
    if (parent.current === null) return;
    const nonce = pageNonce();
    view.current = new HistoryView({
      parent: parent.current,
      dark: isDark.peek(),
      language: store.language.peek(),
      label: "Document at the version shown",
      person: (userId) => ({ name: store.nameOf(userId), colour: authorColour(store, userId) }),
      ...(nonce === null ? {} : { nonce }),
    });
    return () => {
      view.current?.destroy();
      view.current = null;
    };
  }, [store]);

  useSignalEffect(() => {
    const log = history.history.value;
    const version = history.version.value;
    if (log !== null) view.current?.show(log.textAt(version), log.authorsAt(version), log.changedAt(version));
  });
  useSignalEffect(() => view.current?.setDark(isDark.value));

  return (
    <div class="history__document">
      <div ref={parent} class="history__view" />
      {history.history.value === null && <Waiting history={history} />}
      {history.history.value !== null && history.latest.value === 0 && (
        <div class="history__waiting history__waiting--empty">
          <EmptyState icon={Sprout} title="Nothing has been written yet">
            Each edit in this room will stand here, with who made it and when.
          </EmptyState>
        </div>
      )}
    </div>
  );
}

function Waiting({ history }: { history: HistoryStore }) {
  return (
    <div class="history__waiting" aria-busy={history.problem.value === null}>
      {history.problem.value === null ? (
        <>
          <span class="visually-hidden" role="status">
            Reading the history
          </span>
          <Skeleton width="60%" />
          <Skeleton width="45%" />
          <Skeleton width="70%" />
        </>
      ) : (
        <>
          <p role="alert">The history could not be read. {history.problem.value}</p>
          <Button onClick={() => void history.read()}>Try again</Button>
        </>
      )}
    </div>
  );
}

/** Makes the document what it was, as one new edit. */
function Restore({ history, onRestored }: { history: HistoryStore; onRestored: () => void }) {
  const { store, ui } = useRoom();
  const [asked, setAsked] = useState<number | null>(null);
  if (store.role.value === null || store.role.value === "viewer") return null;
  const version = history.version.value;
  const isNow = history.history.value === null || version >= history.latest.value;
  const restore = (wanted: number): void => {
    const text = history.history.value?.textAt(wanted);
    if (text === undefined) return;
    store.room.setText(text);
    onRestored();
    toast(`The document is as it was at version ${wanted}.`, {
      kind: "success",
      action: { label: "Undo", onSelect: () => ui.editor.value?.undo() },
    });
  };
  return (
    <>
      <Button
        size="s"
        variant="primary"
        icon={RotateCcw}
        disabled={isNow}
        onClick={() => {
          history.pause();
          setAsked(history.version.value);
        }}
      >
        Restore this version
      </Button>
      {asked !== null && (
        <ConfirmDialog
          title={`Restore version ${asked}?`}
          confirm="Restore"
          onClose={() => setAsked(null)}
          onConfirm={() => restore(asked)}
        >
          <p>
            Everyone in the room gets the text as it was then, as one new edit of yours. Nothing is lost: the text of
            now stays in the history, and you can undo it.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
