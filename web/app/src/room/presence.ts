/** Tells the room whether one is here: away while the tab is hidden, or after some minutes without input. */

import { useEffect } from "preact/hooks";
import type { Room } from "../../../client/src/index.ts";
import { AWAY_AFTER_MS, presenceOf } from "./logic/presence.ts";

const INPUT = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

export function usePresence(room: Room): void {
  useEffect(() => {
    const listening = new AbortController();
    const { signal } = listening;
    let lastInput = Date.now();
    let told: "online" | "away" = "online";
    let timer: ReturnType<typeof setTimeout>;

    const judge = (): void => {
      clearTimeout(timer);
      const now = Date.now();
      const presence = presenceOf(document.visibilityState === "hidden", lastInput, now);
      if (presence !== told && room.failure === null) {
        told = presence;
        room.setPresence(presence);
      }
      if (presence === "online") timer = setTimeout(judge, lastInput + AWAY_AFTER_MS - now);
    };
    const touched = (): void => {
      lastInput = Date.now();
      if (told === "away") judge();
    };
    for (const type of INPUT) {
      window.addEventListener(type, touched, { signal, passive: true, capture: true });
    }
    const seen = (): void => {
      if (document.visibilityState === "visible") lastInput = Date.now();
      judge();
    };
    document.addEventListener("visibilitychange", seen, { signal });
    judge();
    return () => {
      listening.abort();
      clearTimeout(timer);
    };
  }, [room]);
}
