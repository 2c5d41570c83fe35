/** Reacting to a message, from wherever one does. */

import type { ChatMessage } from "../../../../client/src/index.ts";
import { toast } from "../../components/Toasts.tsx";
import { explain } from "../../explain.ts";
import type { RoomStore } from "../roomStore.ts";

/** Add one's reaction, or take it back. */
export async function react(store: RoomStore, message: ChatMessage, emoji: string): Promise<void> {
  try {
    await store.room.react(message.id, emoji);
  } catch (error) {
    toast(explain(error), { kind: "error" });
  }
}
