/** The editor: a bar, the text, the chat beside it, and a line that says how things stand. */

import { tooltips } from "@codemirror/view";
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { X } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "../../../app/src/components/Button.tsx";
import { toast } from "../../../app/src/components/Toasts.tsx";
import { ChatPanel } from "../../../app/src/room/chat/ChatPanel.tsx";
import { RefusedBanner } from "../../../app/src/room/parts/Banners.tsx";
import type { RoomStore } from "../../../app/src/room/roomStore.ts";
import { RoomEditor } from "../../../editor/src/editor.ts";
import { notebookKeys } from "../keys.ts";
import type { WidgetSession } from "../session/index.ts";
import { KernelGone } from "./KernelGone.tsx";
import { LeftOver } from "./LeftOver.tsx";
import type { ViewParts } from "./parts.ts";
import { useRun } from "./run.ts";
import { StatusBar } from "./StatusBar.tsx";
import { Toolbar } from "./Toolbar.tsx";

/** From this width on, in CSS pixels, the chat stands beside the text; in less it covers it, and is closed at first. */
const ROOM_FOR_CHAT = 560;

export interface ViewProps {
  parts: ViewParts;
  session: WidgetSession;
  store: RoomStore;
}

export function EditorView({ parts, session, store }: ViewProps) {
  const { options, host } = parts;
  const editor = useSignal<RoomEditor | null>(null);
  const depth = useSignal({ undo: 0, redo: 0 });
  const chatOpen = useSignal(options.peek().showChat && host.clientWidth >= ROOM_FOR_CHAT);
  const mayEdit = useComputed(() => !options.value.readOnly && store.role.value !== "viewer");
  const runner = useRun(parts, store);
  useChatTrait(parts, (isOpen) => {
    chatOpen.value = isOpen;
  });

  const find = (sessions: readonly string[], name: string): void => {
    const found = sessions.some((one) => editor.value?.scrollToSession(one));
    if (!found) toast(`${name} has no cursor in the text now.`);
  };
  const closeChat = (): void => {
    chatOpen.value = false;
    editor.value?.focus();
  };
  return (
    <>
      <Toolbar
        parts={parts}
        store={store}
        editor={editor}
        depth={depth}
        mayEdit={mayEdit}
        runner={runner}
        chatOpen={chatOpen}
        onFind={find}
      />
      <KernelGone parts={parts} session={session} store={store} />
      <RefusedBanner />
      <LeftOver session={session} />
      <div class="body" style={{ height: options.value.height }}>
        <EditorPane
          parts={parts}
          store={store}
          onEditor={(made) => {
            editor.value = made;
          }}
          onHistory={(now) => {
            depth.value = now;
          }}
          run={runner.run}
        />
        {chatOpen.value && (
          <aside class="side" aria-label="Chat">
            <header class="side__head">
              <h2>Chat</h2>
              <IconButton size="s" label="Close the chat" icon={X} onClick={closeChat} />
            </header>
            <ChatPanel onLeave={() => editor.value?.focus()} />
          </aside>
        )}
      </div>
      <StatusBar session={session} store={store} mayEdit={mayEdit} chatIsShown={chatOpen.value} />
    </>
  );
}

interface EditorPaneProps {
  parts: ViewParts;
  store: RoomStore;
  onEditor: (editor: RoomEditor | null) => void;
  onHistory: (depth: { undo: number; redo: number }) => void;
  run: () => boolean;
}

function EditorPane({ parts, store, onEditor, onHistory, run }: EditorPaneProps) {
  const { options, isDark, loadLanguage } = parts;
  const parent = useRef<HTMLDivElement>(null);
  const popups = useRef<HTMLDivElement>(null);
  const editor = useSignal<RoomEditor | null>(null);
  const latest = useRef({ onEditor, onHistory, run });
  latest.current = { onEditor, onHistory, run };

  useEffect(() => {
    if (parent.current === null || popups.current === null) return;
    const { title, language, readOnly } = options.peek();
    const made = new RoomEditor({
      parent: parent.current,
      room: store.room,
      language,
      loadLanguage,
      dark: isDark.peek(),
      readOnly,
      extra: [notebookKeys({ run: () => latest.current.run() }), tooltips({ parent: popups.current })],
      label: `Text of ${title}`,
      onHistory: (depth) => latest.current.onHistory(depth),
    });
    editor.value = made;
    latest.current.onEditor(made);
    return () => {
      editor.value = null;
      latest.current.onEditor(null);
      made.destroy();
    };
  }, [store, options, isDark, loadLanguage, editor]);

  const language = useComputed(() => options.value.language);
  const readOnly = useComputed(() => options.value.readOnly);
  useSignalEffect(() => editor.value?.setDark(isDark.value));
  useSignalEffect(() => editor.value?.setReadOnly(readOnly.value));
  useSignalEffect(() => {
    const plain = (): void => undefined; // its grammar did not load: the text is there all the same
    editor.value?.setLanguage(language.value).catch(plain);
  });
  // Completions are shown above all else: a small editor, and the output that it is in, would cut them off.
  const showPopups = (): void => {
    if (popups.current?.matches(":popover-open") === false) popups.current.showPopover();
  };
  return (
    <>
      <div ref={parent} class="editor-pane" onFocusIn={showPopups} />
      <div ref={popups} class="popups" popover="manual" />
    </>
  );
}

/** The trait opens and closes the chat when it changes; in between everybody has it as they like. */
function useChatTrait({ options }: ViewParts, show: (isOpen: boolean) => void): void {
  const wanted = useComputed(() => options.value.showChat);
  const before = useRef(wanted.peek());
  useSignalEffect(() => {
    if (wanted.value === before.current) return;
    before.current = wanted.value;
    show(wanted.value);
  });
}
