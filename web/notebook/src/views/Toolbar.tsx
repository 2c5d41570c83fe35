/** The bar above the text: what it is, what one can do with it, and who is here. */

import type { ReadonlySignal, Signal } from "@preact/signals";
import { MessageSquare, Play, Redo2, Undo2 } from "lucide-preact";
import { Button, IconButton } from "../../../app/src/components/Button.tsx";
import type { RoomStore } from "../../../app/src/room/roomStore.ts";
import { modKey } from "../../../app/src/room/shortcuts.ts";
import type { RoomEditor } from "../../../editor/src/editor.ts";
import { findLanguage } from "../../../editor/src/languages.ts";
import { People } from "./People.tsx";
import type { ViewParts } from "./parts.ts";
import type { Runner } from "./run.ts";

export interface ToolbarProps {
  parts: ViewParts;
  store: RoomStore;
  editor: ReadonlySignal<RoomEditor | null>;
  depth: ReadonlySignal<{ undo: number; redo: number }>;
  mayEdit: ReadonlySignal<boolean>;
  runner: Runner;
  chatOpen: Signal<boolean>;
  /** Go to somebody's cursor. */
  onFind: (sessions: readonly string[], name: string) => void;
}

export function Toolbar({ parts, store, editor, depth, mayEdit, runner, chatOpen, onFind }: ToolbarProps) {
  const { title, language, runnable } = parts.options.value;
  const unread = chatOpen.value ? 0 : store.chat.unread.value;
  return (
    <header class="bar">
      <div class="bar__title">
        <h2 data-tooltip={title}>{title}</h2>
        <span class="bar__language">{findLanguage(language).label}</span>
      </div>
      {mayEdit.value && (
        <div class="bar__tools" role="toolbar" aria-label="Text">
          <IconButton
            size="s"
            label="Undo"
            hint={`${modKey}Z`}
            icon={Undo2}
            disabled={depth.value.undo === 0}
            onClick={() => editor.value?.undo()}
          />
          <IconButton
            size="s"
            label="Redo"
            hint={`${modKey}⇧Z`}
            icon={Redo2}
            disabled={depth.value.redo === 0}
            onClick={() => editor.value?.redo()}
          />
        </div>
      )}
      {runnable && <RunButton runner={runner} />}
      <People store={store} onFind={onFind} />
      <IconButton
        size="s"
        label={unread === 0 ? "Chat" : `Chat, ${unread} unread`}
        icon={MessageSquare}
        badge={unread}
        active={chatOpen.value}
        onClick={() => {
          chatOpen.value = !chatOpen.value;
        }}
      />
    </header>
  );
}

function RunButton({ runner }: { runner: Runner }) {
  const hint = runner.hasKernel.value
    ? "Run the text in the kernel · Shift+Enter"
    : "The kernel that showed this editor is gone: run its cell again";
  return (
    <Button
      class="bar__run"
      size="s"
      variant="primary"
      icon={Play}
      busy={runner.isRunning.value}
      data-tooltip={hint}
      onClick={() => runner.run()}
    >
      Run
    </Button>
  );
}
