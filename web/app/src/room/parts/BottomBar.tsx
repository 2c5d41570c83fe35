/** On a narrow screen: what is in front, the editor, the people or the chat. */

import { CodeXml, MessageSquare, Users } from "lucide-preact";
import type { Icon } from "../../components/index.ts";
import { useRoom } from "../context.ts";
import { badge } from "../logic/unread.ts";
import type { Panel } from "../roomUi.ts";

const TABS: readonly { panel: Panel | null; label: string; icon: Icon }[] = [
  { panel: null, label: "Editor", icon: CodeXml },
  { panel: "people", label: "People", icon: Users },
  { panel: "chat", label: "Chat", icon: MessageSquare },
];

export function BottomBar() {
  const { store, ui } = useRoom();
  const unread = store.chat.unread.value;
  return (
    <nav class="bottom-bar" aria-label="Views">
      {TABS.map(({ panel, label, icon: IconShape }) => (
        <button
          key={label}
          type="button"
          aria-current={ui.panel.value === panel ? "page" : undefined}
          onClick={() => ui.show(panel)}
        >
          <span class="bottom-bar__icon">
            <IconShape size={20} aria-hidden="true" />
            {panel === "chat" && unread > 0 && (
              <span class="bottom-bar__badge" aria-hidden="true">
                {badge(unread)}
              </span>
            )}
          </span>
          <span>{label}</span>
          {panel === "chat" && unread > 0 && <span class="visually-hidden">, {unread} unread</span>}
        </button>
      ))}
    </nav>
  );
}
