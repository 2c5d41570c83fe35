/** The chat of a room without its editor. */

import { useComputed } from "@preact/signals";
import { ChatPanel } from "../../../app/src/room/chat/ChatPanel.tsx";
import type { ViewProps } from "./EditorView.tsx";
import { KernelGone } from "./KernelGone.tsx";
import { People } from "./People.tsx";
import { StatusBar } from "./StatusBar.tsx";

export function ChatView({ parts, session, store }: ViewProps) {
  const { title, height } = parts.options.value;
  const maySpeak = useComputed(() => true); // viewers chat as well
  return (
    <>
      <header class="bar">
        <div class="bar__title">
          <h2 data-tooltip={title}>{title}</h2>
          <span class="bar__language">Chat</span>
        </div>
        <People store={store} />
      </header>
      <KernelGone parts={parts} session={session} store={store} />
      <div class="body body--chat" style={{ height }}>
        <ChatPanel onLeave={() => undefined} />
      </div>
      <StatusBar session={session} store={store} mayEdit={maySpeak} chatIsShown={true} />
    </>
  );
}
