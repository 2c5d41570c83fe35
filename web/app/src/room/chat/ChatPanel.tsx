/** The chat: what was said, in days and runs by author, and the box to say more. */

import { useSignal } from "@preact/signals";
import { ArrowDown, MessageSquare } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { ChatMessage } from "../../../../client/src/index.ts";
import { Button } from "../../components/Button.tsx";
import { Spinner } from "../../components/Spinner.tsx";
import { EmptyState } from "../../components/states.tsx";
import { toast } from "../../components/Toasts.tsx";
import { useStore } from "../context.ts";
import { typingLine } from "../logic/activity.ts";
import { type ChatRow, chatRows } from "../logic/chatGroups.ts";
import { dayLabel } from "../logic/times.ts";
import { Composer } from "./Composer.tsx";
import { type Following, useFollowing } from "./following.ts";
import { type MessageActions, MessageGroup } from "./MessageGroup.tsx";

/** How many pages of older messages a jump to a quoted one reads. */
const PAGES_FOR_QUOTE = 10;

/** `onLeave`: Escape in the box, with nothing left to cancel. */
export function ChatPanel({ onLeave }: { onLeave: () => void }) {
  const store = useStore();
  const { chat } = store;
  const log = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const replyTo = useSignal<ChatMessage | null>(null);
  const editing = useSignal<string | null>(null);
  const messages = chat.messages.value;
  const rows = chatRows(messages, chat.firstNewId.value);
  const following = useFollowing(log);

  useLooking();
  useOlderMessages(log);

  const jumpTo = async (id: string): Promise<void> => {
    for (let page = 0; page < PAGES_FOR_QUOTE && chat.find(id) === undefined; page += 1) {
      if (chat.older.value !== "more" && chat.older.value !== "failed") break;
      await chat.loadOlder();
    }
    requestAnimationFrame(() => {
      const element = log.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(id)}"]`);
      if (!element) {
        toast("That message cannot be found any more.");
        return;
      }
      element.scrollIntoView({ block: "center" });
      element.classList.remove("message--found");
      requestAnimationFrame(() => element.classList.add("message--found"));
    });
  };
  const actions: MessageActions = {
    editing,
    jumpTo: (id) => void jumpTo(id),
    reply: (message) => {
      replyTo.value = message;
      box.current?.focus();
    },
    endEdit: () => {
      editing.value = null;
      box.current?.focus();
    },
  };
  return (
    <div class="chat">
      <div
        ref={log}
        class="chat__log"
        role="log"
        aria-label="Messages"
        aria-live="polite"
        aria-busy={chat.older.value === "loading"}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
        onKeyDown={toLastMessage}
      >
        <Older />
        {messages.length === 0 && store.entered.value && (
          <EmptyState icon={MessageSquare} title="Nobody has said anything yet">
            Say hello, ask about a line, leave a note for those who come later.
          </EmptyState>
        )}
        {rows.map((row) => (
          <Row key={row.key} row={row} actions={actions} />
        ))}
      </div>
      <ToEnd following={following} />
      <Typing />
      <Composer
        box={box}
        replyTo={replyTo}
        onSent={following.toEnd}
        onEditLast={() => {
          editing.value = chat.lastOwn?.id ?? null;
        }}
        onLeave={onLeave}
      />
    </div>
  );
}

function Row({ row, actions }: { row: ChatRow; actions: MessageActions }) {
  switch (row.kind) {
    case "day":
      return (
        <div class="chat__day">
          <h3>{dayLabel(row.at, Date.now())}</h3>
        </div>
      );
    case "new":
      return (
        <div class="chat__new">
          <span>New</span>
        </div>
      );
    case "messages":
      return <MessageGroup group={row} actions={actions} />;
  }
}

function Typing() {
  const store = useStore();
  return (
    <p class="chat__typing" aria-live="polite">
      {typingLine(store.typing.map((person) => person.name))}
    </p>
  );
}

function ToEnd({ following: { missed, isFar, toEnd } }: { following: Following }) {
  if (missed.value === 0 && !isFar.value) return null;
  return (
    <Button class="chat__to-end" size="s" icon={ArrowDown} onClick={toEnd}>
      {missed.value === 0 ? "To the newest" : missed.value === 1 ? "1 new message" : `${missed.value} new messages`}
    </Button>
  );
}

function Older() {
  const { chat } = useStore();
  switch (chat.older.value) {
    case "loading":
      return (
        <p class="chat__older">
          <Spinner label="Loading older messages" />
        </p>
      );
    case "failed":
      return (
        <p class="chat__older">
          Older messages could not be loaded.{" "}
          <Button size="s" variant="ghost" onClick={() => void chat.loadOlder()}>
            Try again
          </Button>
        </p>
      );
    case "more":
    case "none":
      return null;
  }
}

/** The chat counts as read while it is in sight, in a tab that is too. */
function useLooking(): void {
  const { chat } = useStore();
  useEffect(() => {
    const looker = {};
    const look = (): void => chat.look(document.visibilityState === "visible", looker);
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      chat.look(false, looker);
    };
  }, [chat]);
}

/** Near the top, older messages come in. */
function useOlderMessages(log: { readonly current: HTMLDivElement | null }): void {
  const { chat } = useStore();
  const first = chat.messages.value[0]?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at again once a page has come in.
  useEffect(() => {
    const element = log.current;
    if (element === null) return;
    const look = (): void => {
      if (element.scrollTop < 200 && chat.older.value === "more") void chat.loadOlder();
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    return () => element.removeEventListener("scroll", look);
  }, [chat, log, first]);
}

/** From the log itself the up key goes to its last message. */
function toLastMessage(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  if (event.target !== event.currentTarget || event.key !== "ArrowUp") return;
  event.preventDefault();
  [...event.currentTarget.querySelectorAll<HTMLElement>(".message")].at(-1)?.focus();
}
