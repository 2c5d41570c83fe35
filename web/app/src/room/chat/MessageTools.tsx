/** What one can do with a message: react, reply, and edit or delete one's own. */

import type { Signal } from "@preact/signals";
import { Pencil, Reply, SmilePlus, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import type { ChatMessage } from "../../../../client/src/index.ts";
import { IconButton } from "../../components/Button.tsx";
import { ConfirmDialog } from "../../components/ConfirmDialog.tsx";
import { useStore } from "../context.ts";
import { EmojiPicker } from "./EmojiPicker.tsx";
import type { MessageActions } from "./MessageGroup.tsx";
import { react } from "./react.ts";

export interface MessageToolsProps {
  message: ChatMessage;
  actions: MessageActions;
  /** Set while something of these tools is open: they stay then, wherever the pointer goes. */
  held: Signal<boolean>;
}

export function MessageTools({ message, actions, held }: MessageToolsProps) {
  const store = useStore();
  const [asked, setAsked] = useState(false);
  const isOwn = message.user_id === store.userId;
  const ask = (isAsked: boolean): void => {
    held.value = isAsked;
    setAsked(isAsked);
  };
  return (
    <div class="message__tools" role="toolbar" aria-label={`Message by ${message.name}`}>
      <EmojiPicker held={held} onChoose={(emoji) => void react(store, message, emoji)}>
        {(props) => <IconButton {...props} size="s" label="React" icon={SmilePlus} />}
      </EmojiPicker>
      <IconButton size="s" label="Reply" icon={Reply} onClick={() => actions.reply(message)} />
      {isOwn && (
        <IconButton
          size="s"
          label="Edit"
          icon={Pencil}
          onClick={() => {
            actions.editing.value = message.id;
          }}
        />
      )}
      {(isOwn || store.rules) && <IconButton size="s" label="Delete" icon={Trash2} onClick={() => ask(true)} />}
      {asked && (
        <ConfirmDialog
          title="Delete this message?"
          confirm="Delete"
          danger
          onClose={() => ask(false)}
          onConfirm={async () => {
            await store.room.deleteMessage(message.id);
            ask(false);
          }}
        >
          <blockquote class="deleted-quote">{message.content}</blockquote>
          <p>Its place in the chat stays; what it says is gone for everyone.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
