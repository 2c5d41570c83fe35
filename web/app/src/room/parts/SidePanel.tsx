/** The panel at the side: people or chat. On a narrow screen it is a sheet over the editor. */

import { X } from "lucide-preact";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { IconButton } from "../../components/index.ts";
import { ChatPanel } from "../chat/ChatPanel.tsx";
import { useRoom } from "../context.ts";
import type { Panel } from "../roomUi.ts";
import { focusPanel } from "../shortcuts.ts";
import { PeoplePanel } from "./PeoplePanel.tsx";

const TITLES: Record<Panel, string> = { people: "People", chat: "Chat" };

export function SidePanel({ panelRef }: { panelRef: RefObject<HTMLElement> }) {
  const { ui } = useRoom();
  const panel = ui.panel.value;
  useEffect(() => {
    if (panel === null || panelRef.current === null || !ui.focusNext) return;
    ui.focusNext = false;
    focusPanel(panelRef.current);
  }, [panel, panelRef, ui]);
  if (panel === null) return null;
  return (
    <aside ref={panelRef} class={`side-panel side-panel--${panel}`} aria-label={TITLES[panel]} tabIndex={-1}>
      <header class="side-panel__head">
        <h2>{TITLES[panel]}</h2>
        <IconButton
          size="s"
          label="Close panel"
          icon={X}
          onClick={() => {
            ui.show(null);
            if (!ui.narrow.value) ui.editor.value?.focus();
          }}
        />
      </header>
      {panel === "people" ? <PeoplePanel /> : <ChatPanel onLeave={() => ui.editor.value?.focus()} />}
    </aside>
  );
}
