/** The editor on the live document. It stays while the history is shown, so that undo reaches back beyond it. */

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { RoomEditor } from "../../../../editor/src/editor.ts";
import { loadLanguage } from "../../../../editor/src/grammars.ts";
import { isDark } from "../../theme.ts";
import { useRoom } from "../context.ts";
import { pageNonce } from "../nonce.ts";

export function EditorPane({ hidden }: { hidden: boolean }) {
  const { store, ui } = useRoom();
  const parent = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (parent.current === null) return;
    const nonce = pageNonce();
    const editor = new RoomEditor({
      parent: parent.current,
      room: store.room,
      language: store.language.peek(),
      loadLanguage,
      dark: isDark.peek(),
      label: `Document of ${store.name.peek()}`,
      onHistory: ({ undo, redo }) => {
        ui.canUndo.value = undo > 0;
        ui.canRedo.value = redo > 0;
      },
      ...(nonce === null ? {} : { nonce }),
    });
    ui.editor.value = editor;
    if (!ui.narrow.peek()) editor.focus(); // on a phone this would open the keyboard
    return () => {
      ui.editor.value = null;
      editor.destroy();
    };
  }, [store, ui]);

  useSignalEffect(() => ui.editor.value?.setDark(isDark.value));
  useSignalEffect(() => {
    const plain = (): void => undefined; // its grammar did not load: the text is there all the same
    ui.editor.value?.setLanguage(store.language.value).catch(plain);
  });

  return <div ref={parent} class="editor-pane" hidden={hidden} />;
}
