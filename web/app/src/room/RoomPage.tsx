/** The page of a room: opens it, and says so when that is not possible (any more). */

import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { session } from "../api.ts";
import { Button, ProblemPage } from "../components/index.ts";
import { RoomContext, StoreContext } from "./context.ts";
import { download } from "./download.ts";
import { failureOf, outdatedDetail } from "./logic/failures.ts";
import { wouldLose } from "./logic/saveLabel.ts";
import { tabTitle } from "./logic/unread.ts";
import { openRoom } from "./openRoom.ts";
import { Opening } from "./parts/Opening.tsx";
import { RoomView } from "./RoomView.tsx";
import type { RoomStore } from "./roomStore.ts";
import { RoomUi } from "./roomUi.ts";
import "./styles/room.css";
import "./styles/bar.css";
import "./styles/panel.css";
import "./styles/chat.css";
import "./styles/dialogs.css";
import "./styles/history.css";

/** Without an answer for this long the reader is told that it takes longer ... */
const SLOW_AFTER_MS = 4_000;
/** ... and then that the server is away, though trying goes on. */
const AWAY_AFTER_MS = 15_000;

export function RoomPage({ roomId }: { roomId: string }) {
  const attempt = useSignal(0);
  const store = useOpenRoom(roomId, attempt.value);
  const again = (): void => {
    attempt.value += 1;
  };
  return store === null ? <Opening /> : <RoomState store={store} onAgain={again} />;
}

/** Opens the room, and closes it when the page goes. Each `attempt` opens it anew. */
function useOpenRoom(roomId: string, attempt: number): RoomStore | null {
  const opened = useSignal<RoomStore | null>(null);
  const userId = session.user.value?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is a reason to open it anew.
  useEffect(() => {
    let isGone = false;
    if (userId === undefined) return;
    void openRoom(roomId, userId).then((store) => {
      if (isGone) close(store);
      else opened.value = store;
    });
    return () => {
      isGone = true;
      if (opened.peek() !== null) close(opened.peek());
      opened.value = null;
    };
  }, [roomId, userId, attempt, opened]);
  return opened.value;
}

/** Unsent edits are kept by the browser; where it does not, they are sent while the reader is on another page. */
function close(store: RoomStore | null): void {
  store?.dispose();
  void store?.room.close({ wait: !store.kept }).catch(() => undefined);
}

function RoomState({ store, onAgain }: { store: RoomStore; onAgain: () => void }) {
  useLeaveWarning(store);
  useTabTitle(store);
  useSignalEffect(() => {
    if (store.failure.value?.code === "bad_token") session.refused();
  });

  const failure = store.failure.value;
  if (failure !== null && store.isLeaving.value) return <Opening />;
  if (failure !== null) {
    const { kind, detail, retry } = failureOf(failure, store.entered.value);
    if (kind === "outdated") return <Outdated store={store} />;
    return (
      <ProblemPage kind={kind} {...(detail === undefined ? {} : { detail })} {...(retry ? { onRetry: onAgain } : {})}>
        <LastText store={store} />
      </ProblemPage>
    );
  }
  return store.entered.value ? <LiveRoom store={store} /> : <Waiting store={store} />;
}

/** Another attempt with the same code would end the same way: only a reload brings the newer one. */
function Outdated({ store }: { store: RoomStore }) {
  const detail = outdatedDetail(store.saved.value, store.kept);
  return (
    <ProblemPage kind="outdated" detail={detail} onRetry={() => location.reload()}>
      <LastText store={store} />
    </ProblemPage>
  );
}

/** Until the room answers, which it may do at any time. */
function Waiting({ store }: { store: RoomStore }) {
  const stage = useSignal<"usual" | "slow" | "away">("usual");
  useEffect(() => {
    const timers = [
      setTimeout(() => {
        stage.value = "slow";
      }, SLOW_AFTER_MS),
      setTimeout(() => {
        stage.value = "away";
      }, AWAY_AFTER_MS),
    ];
    return () => timers.forEach(clearTimeout);
  }, [stage]);
  if (stage.value !== "away") return <Opening isSlow={stage.value === "slow"} />;
  return (
    <ProblemPage
      kind="away"
      detail="Your connection may be down, or the server is restarting. The room opens by itself once it is back."
      onRetry={() => store.room.reconnect()}
    />
  );
}

function LiveRoom({ store }: { store: RoomStore }) {
  const ui = useMemo(() => new RoomUi(), []);
  useEffect(() => () => ui.dispose(), [ui]);
  const value = useMemo(() => ({ store, ui }), [store, ui]);
  return (
    <RoomContext.Provider value={value}>
      <StoreContext.Provider value={store}>
        <RoomView />
      </StoreContext.Provider>
    </RoomContext.Provider>
  );
}

/** Whoever was in a room that is over can still take along what they saw of it. */
function LastText({ store }: { store: RoomStore }) {
  if (!store.entered.value || store.room.text === "") return null;
  return (
    <Button variant="ghost" onClick={() => download(store.name.value, store.language.value, store.room.text)}>
      Download its text as you last saw it
    </Button>
  );
}

/** Closing the tab loses nothing where the browser stores unsent edits; where it does not, the browser asks. */
function useLeaveWarning(store: RoomStore): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (wouldLose(store.saved.peek(), store.kept)) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [store]);
}

function useTabTitle(store: RoomStore): void {
  useSignalEffect(() => {
    if (store.failure.value === null) document.title = tabTitle(store.name.value, store.chat.unread.value);
  });
}
