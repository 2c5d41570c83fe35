/** A message of one's own in the making of its next version. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatMessage } from "../../../../client/src/index.ts";
import { Button } from "../../components/Button.tsx";
import { explain } from "../../explain.ts";
import { useStore } from "../context.ts";
import { fitHeight } from "./fitHeight.ts";

export function MessageEditor({ message, onEnd }: { message: ChatMessage; onEnd: () => void }) {
  const store = useStore();
  const area = useRef<HTMLTextAreaElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  useLayoutEffect(() => {
    const element = area.current;
    if (element === null) return;
    fitHeight(element);
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  }, []);

  const save = async (): Promise<void> => {
    const content = area.current?.value.trim() ?? "";
    if (content === "" || content === message.content) {
      onEnd();
      return;
    }
    setBusy(true);
    try {
      await store.room.editMessage(message.id, content);
      onEnd();
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  };
  return (
    <div class="message-editor">
      <textarea
        ref={area}
        rows={1}
        aria-label="Edit message"
        defaultValue={message.content}
        onInput={(event) => fitHeight(event.currentTarget)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.isComposing) return;
          if (event.key === "Escape") {
            event.preventDefault();
            onEnd();
          } else if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            void save();
          }
        }}
      />
      {problem !== null && (
        <p class="form-problem" role="alert">
          {problem}
        </p>
      )}
      <div class="message-editor__actions">
        <Button size="s" variant="ghost" onClick={onEnd}>
          Cancel
        </Button>
        <Button size="s" variant="primary" busy={busy} onClick={() => void save()}>
          Save
        </Button>
      </div>
    </div>
  );
}
