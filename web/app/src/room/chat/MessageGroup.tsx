/** A run of messages by one author. */

import { type Signal, useSignal } from "@preact/signals";
import { Reply, Trash2 } from "lucide-preact";
import type { ChatMessage } from "../../../../client/src/index.ts";
import { Avatar } from "../../components/Avatar.tsx";
import { momentOf } from "../../format.ts";
import { authorColour } from "../colour.ts";
import { useStore } from "../context.ts";
import { type AuthorGroup, listNames, reactionCounts } from "../logic/chatGroups.ts";
import { textParts } from "../logic/links.ts";
import { clock } from "../logic/times.ts";
import { MessageEditor } from "./MessageEditor.tsx";
import { MessageTools } from "./MessageTools.tsx";
import { react } from "./react.ts";

/** What can be done about a message outside of it. */
export interface MessageActions {
  /** The id of the message that is being edited. */
  editing: Signal<string | null>;
  reply: (message: ChatMessage) => void;
  jumpTo: (id: string) => void;
  endEdit: () => void;
}

export function MessageGroup({ group, actions }: { group: AuthorGroup; actions: MessageActions }) {
  const store = useStore();
  return (
    <article class="message-group" aria-label={`${group.name}, ${clock(group.at)}`}>
      <span aria-hidden="true" class="message-group__avatar">
        <Avatar name={group.name} colour={authorColour(store, group.userId)} size="s" />
      </span>
      <header class="message-group__head">
        <span class="message-group__name">{group.userId === store.userId ? `${group.name} (you)` : group.name}</span>
        <time dateTime={new Date(group.at).toISOString()} data-tooltip={momentOf(new Date(group.at))}>
          {clock(group.at)}
        </time>
      </header>
      <ul class="message-group__messages">
        {group.messages.map((message) => (
          <Message key={message.id} message={message} actions={actions} />
        ))}
      </ul>
    </article>
  );
}

function Message({ message, actions }: { message: ChatMessage; actions: MessageActions }) {
  const pointed = useSignal(false);
  const focused = useSignal(false);
  const held = useSignal(false);
  const isEditing = actions.editing.value === message.id;
  const showsTools = !isEditing && message.deleted !== true && (pointed.value || focused.value || held.value);
  return (
    <li
      class="message"
      data-message={message.id}
      tabIndex={-1}
      onPointerEnter={(event) => {
        pointed.value = event.pointerType !== "touch";
      }}
      onPointerLeave={() => {
        pointed.value = false;
      }}
      onFocusIn={() => {
        focused.value = true;
      }}
      onFocusOut={(event) => {
        focused.value = event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget);
      }}
      onKeyDown={moveByArrows}
    >
      {message.deleted === true ? (
        <p class="message__deleted">
          <Trash2 size={14} aria-hidden="true" /> This message was deleted.
        </p>
      ) : (
        <>
          {message.reply_to != null && <Quote id={message.reply_to} jumpTo={actions.jumpTo} />}
          {isEditing ? (
            <MessageEditor message={message} onEnd={actions.endEdit} />
          ) : (
            <p class="message__content">
              <Content text={message.content} />
              {message.edited === true && <span class="message__edited"> (edited)</span>}
            </p>
          )}
          <Reactions message={message} />
        </>
      )}
      {showsTools && <MessageTools message={message} actions={actions} held={held} />}
    </li>
  );
}

/** What was written, its addresses as links. It is text to the browser, never markup. */
function Content({ text }: { text: string }) {
  return (
    <>
      {textParts(text).map((part, index) =>
        part.kind === "link" ? (
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer">
            {part.text}
          </a>
        ) : (
          part.text
        ),
      )}
    </>
  );
}

function Quote({ id, jumpTo }: { id: string; jumpTo: (id: string) => void }) {
  const { chat } = useStore();
  const quoted = chat.messages.value.find((message) => message.id === id);
  const text = quoted === undefined ? "an earlier message" : quoted.deleted ? "a deleted message" : quoted.content;
  return (
    <button type="button" class="quote" onClick={() => jumpTo(id)} data-tooltip="Go to this message">
      <Reply size={13} aria-hidden="true" />
      {quoted !== undefined && <span class="quote__name">{quoted.name}</span>}
      <span class="quote__text">{text}</span>
    </button>
  );
}

function Reactions({ message }: { message: ChatMessage }) {
  const store = useStore();
  const counts = reactionCounts(message, store.userId);
  if (counts.length === 0) return null;
  return (
    <ul class="reactions" aria-label="Reactions">
      {counts.map(({ emoji, count, mine, userIds }) => {
        const names = listNames(userIds.map((id) => (id === store.userId ? "you" : store.nameOf(id))));
        return (
          <li key={emoji}>
            <button
              type="button"
              class="reaction"
              aria-pressed={mine}
              aria-label={`${emoji}, ${count}: ${names}`}
              data-tooltip={names}
              onClick={() => void react(store, message, emoji)}
            >
              <span aria-hidden="true">{emoji}</span>
              <span aria-hidden="true">{count}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function moveByArrows(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  if (event.target !== event.currentTarget || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  const all = [...(event.currentTarget.closest(".chat__log")?.querySelectorAll<HTMLElement>(".message") ?? [])];
  const next = all[all.indexOf(event.currentTarget) + (event.key === "ArrowUp" ? -1 : 1)];
  if (next !== undefined) {
    event.preventDefault();
    next.focus();
  }
}
