/** The room that the parts of its page belong to. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { RoomStore } from "./roomStore.ts";
import type { RoomUi } from "./roomUi.ts";

export interface RoomContextValue {
  store: RoomStore;
  ui: RoomUi;
}

export const RoomContext = createContext<RoomContextValue | null>(null);

export function useRoom(): RoomContextValue {
  const value = useContext(RoomContext);
  if (value === null) {
    throw new Error("useRoom is for parts of the room page.");
  }
  return value;
}
