/** An open room: the bar, the editor or the history, the side panel, and what floats above. */

import { useEffect, useRef } from "preact/hooks";
import { useRoom } from "./context.ts";
import { HistoryGate } from "./history/HistoryGate.tsx";
import { Banners } from "./parts/Banners.tsx";
import { BottomBar } from "./parts/BottomBar.tsx";
import { Dialogs } from "./parts/Dialogs.tsx";
import { EditorPane } from "./parts/EditorPane.tsx";
import { SidePanel } from "./parts/SidePanel.tsx";
import { TopBar } from "./parts/TopBar.tsx";
import { usePresence } from "./presence.ts";
import { listenToShortcuts } from "./shortcuts.ts";

export function RoomView() {
  const { store, ui } = useRoom();
  const panel = useRef<HTMLElement>(null);
  usePresence(store.room);
  useEffect(() => listenToShortcuts(ui, () => panel.current), [ui]);
  const showsHistory = ui.history.value;
  return (
    <div
      class="room"
      data-panel={showsHistory ? "none" : (ui.panel.value ?? "none")}
      data-mode={showsHistory ? "history" : "live"}
    >
      <TopBar />
      <main class="room__main" id="main" tabIndex={-1}>
        <Banners />
        <EditorPane hidden={showsHistory} />
        {showsHistory && <HistoryGate />}
      </main>
      {!showsHistory && <SidePanel panelRef={panel} />}
      {!showsHistory && <BottomBar />}
      <Dialogs />
    </div>
  );
}
