/** A view of a widget, whatever its kind: opening, open, or why not. */

import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Spinner } from "../../../app/src/components/Spinner.tsx";
import { Skeleton } from "../../../app/src/components/states.tsx";
import { TooltipLayer } from "../../../app/src/components/Tooltip.tsx";
import { StoreContext } from "../../../app/src/room/context.ts";
import { wouldLose } from "../../../app/src/room/logic/saveLabel.ts";
import { usePresence } from "../../../app/src/room/presence.ts";
import { hostState } from "../hostState.ts";
import type { LiveRoom } from "../openRoom.ts";
import { ChatView } from "./ChatView.tsx";
import { EditorView } from "./EditorView.tsx";
import { PresenceView } from "./PresenceView.tsx";
import { Problem, problemOf } from "./Problem.tsx";
import type { ViewParts } from "./parts.ts";

const LINES = ["38%", "64%", "52%", "0", "71%", "45%"] as const;
const TITLES = { editor: "Editor of", chat: "Chat of", presence: "People in" } as const;
const VIEWS = { editor: EditorView, chat: ChatView, presence: PresenceView } as const;

export function Widget({ parts }: { parts: ViewParts }) {
  useHostState(parts);
  const { kind, title } = parts.options.value;
  return (
    <section class="frame" data-kind={kind} aria-label={`${TITLES[kind]} ${title}`}>
      <Content parts={parts} />
      <TooltipLayer />
    </section>
  );
}

function Content({ parts }: { parts: ViewParts }) {
  const { options, room } = parts;
  const phase = room.phase.value;
  switch (phase.kind) {
    case "opening":
      return <Opening isSlow={phase.isSlow} height={options.value.height} />;
    case "refused":
    case "failed":
      return <Problem {...problemOf(phase.error)} onRetry={() => room.again()} text={phase.text} />;
    case "open":
      return <Open parts={parts} room={phase.room} />;
  }
}

function Open({ parts, room }: { parts: ViewParts; room: LiveRoom }) {
  usePresence(room.store.room);
  useLeaveWarning(room);
  const View = VIEWS[parts.options.value.kind];
  return (
    <StoreContext.Provider value={room.store}>
      <View parts={parts} session={room.session} store={room.store} />
    </StoreContext.Provider>
  );
}

function Opening({ isSlow, height }: { isSlow: boolean; height: string }) {
  return (
    <div class="opening" aria-busy="true" style={{ height }}>
      <p class="opening__state" role="status">
        <Spinner size={14} />
        {isSlow ? "No answer yet. Trying again…" : "Opening the room…"}
      </p>
      {LINES.map((width, index) => (
        <Skeleton key={index} width={width} height="0.75rem" />
      ))}
    </div>
  );
}

/** Closing the page loses nothing where the browser stores unsent edits; where it does not, the browser asks. */
function useLeaveWarning({ store }: LiveRoom): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (wouldLose(store.saved.peek(), store.kept)) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [store]);
}

function useHostState({ room, options, host }: ViewParts): void {
  useSignalEffect(() => {
    const phase = room.phase.value;
    const open = phase.kind === "open" ? phase.room : null;
    const { state, transport, saved } = hostState(
      phase.kind,
      open && {
        status: open.store.status.value,
        saved: open.store.saved.value,
        transport: open.session.transport.value,
      },
    );
    Object.assign(host.dataset, { kind: options.value.kind, state, transport, saved });
  });
}
