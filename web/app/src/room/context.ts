/** The room that the parts of a page belong to. */

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

/** The room alone, for parts that other pages than the room's show as well. */
export const StoreContext = createContext<RoomStore | null>(null);

export function useStore(): RoomStore {
  const store = useContext(StoreContext);
  if (store === null) {
    throw new Error("useStore is for parts of a page that shows a room.");
  }
  return store;
}
