/** The box at the foot of the chat. What could not be sent stays in it, with the reason. */

import { type Signal, useSignal } from "@preact/signals";
import { Reply, SendHorizontal, X } from "lucide-preact";
import type { RefObject } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { ChatMessage } from "../../../../client/src/index.ts";
import { IconButton } from "../../components/Button.tsx";
import { explain } from "../../explain.ts";
import { useStore } from "../context.ts";
import { TypingNotice } from "../logic/typing.ts";
import { afterOnPage } from "../timers.ts";
import { fitHeight } from "./fitHeight.ts";

export interface ComposerProps {
  box: RefObject<HTMLTextAreaElement>;
  replyTo: Signal<ChatMessage | null>;
  onSent: () => void;
  onEditLast: () => void;
  /** Escape, with nothing left to cancel. */
  onLeave: () => void;
}

export function Composer({ box, replyTo, onSent, onEditLast, onLeave }: ComposerProps) {
  const store = useStore();
  const isEmpty = useSignal(true);
  const problem = useSignal<string | null>(null);
  const typing = useMemo(
    () =>
      new TypingNotice({
        now: () => performance.now(),
        tell: (isTyping) => store.room.setTyping(isTyping),
        after: afterOnPage,
      }),
    [store],
  );
  useEffect(() => () => typing.stopped(), [typing]);

  const fill = (text: string): void => {
    if (box.current === null) return;
    box.current.value = text;
    isEmpty.value = text.trim() === "";
    fitHeight(box.current);
  };
  const send = async (): Promise<void> => {
    const content = box.current?.value.trim() ?? "";
    if (content === "") return;
    const quoted = replyTo.value;
    typing.stopped();
    problem.value = null;
    replyTo.value = null;
    fill("");
    try {
      await store.chat.send(content, quoted?.id ?? null);
      onSent();
    } catch (error) {
      const since = box.current?.value ?? "";
      fill(since === "" ? content : `${content}\n${since}`);
      replyTo.value = replyTo.value ?? quoted;
      problem.value =
        store.status.value === "online" ? explain(error) : "You are offline. Send it again once you are back.";
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (replyTo.value !== null) replyTo.value = null;
      else onLeave();
    } else if (event.key === "ArrowUp" && box.current?.value === "" && store.chat.lastOwn !== undefined) {
      event.preventDefault();
      onEditLast();
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {replyTo.value !== null && (
        <div class="composer__reply">
          <Reply size={14} aria-hidden="true" />
          <span class="quote__name">{replyTo.value.name}</span>
          <span class="quote__text">{replyTo.value.content}</span>
          <IconButton
            size="s"
            label="Do not reply to this"
            icon={X}
            onClick={() => {
              replyTo.value = null;
              box.current?.focus();
            }}
          />
        </div>
      )}
      {problem.value !== null && (
        <p class="form-problem" role="alert">
          Not sent. {problem.value}
        </p>
      )}
      <div class="composer__row">
        <textarea
          ref={box}
          rows={1}
          placeholder="Message"
          aria-label="Message"
          data-panel-focus
          onInput={(event) => {
            const area = event.currentTarget;
            isEmpty.value = area.value.trim() === "";
            fitHeight(area);
            if (area.value === "") typing.stopped();
            else typing.typed();
          }}
          onBlur={() => typing.stopped()}
          onKeyDown={onKeyDown}
        />
        <IconButton type="submit" class="composer__send" label="Send" icon={SendHorizontal} disabled={isEmpty.value} />
      </div>
    </form>
  );
}
