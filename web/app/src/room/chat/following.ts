/** Where the chat's log stands: at its end it follows what is new, else it stays where its reader is. */

import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useStore } from "../context.ts";

/** This near to its end, in CSS pixels, the log follows. */
const AT_END = 48;
/** So many heights of the log away from its end there is a way back. */
const FAR = 1.5;
/** What is left above the line that new messages begin with. */
const ABOVE_NEW_LINE = 16;

export interface Following {
  /** How many messages came in below since the reader left the end. */
  missed: ReadonlySignal<number>;
  isFar: ReadonlySignal<boolean>;
  toEnd: () => void;
}

/** How the log was when it was last drawn. */
interface Drawn {
  first: string | undefined;
  last: string | undefined;
  newLine: string | null;
  height: number;
  atEnd: boolean;
}

export function useFollowing(log: RefObject<HTMLElement>): Following {
  const { chat, userId } = useStore();
  const missed = useSignal(0);
  const isFar = useSignal(false);
  const messages = chat.messages.value;
  const newLine = chat.firstNewId.value;
  const drawn = useRef<Drawn>({ first: undefined, last: undefined, newLine: null, height: 0, atEnd: true });

  useLayoutEffect(() => {
    const element = log.current;
    if (element === null) return;
    const before = drawn.current;
    const first = messages[0]?.id;
    const last = messages.at(-1);
    const isNew = last !== undefined && last.id !== before.last && before.last !== undefined;
    const line = newLine === before.newLine ? null : element.querySelector<HTMLElement>(".chat__new");
    if (line !== null) {
      element.scrollTop = line.offsetTop - ABOVE_NEW_LINE;
    } else if (before.atEnd || (isNew && last.user_id === userId)) {
      element.scrollTop = element.scrollHeight;
    } else if (first !== before.first) {
      element.scrollTop += element.scrollHeight - before.height; // older messages came in above
    }
    const atEnd = distanceToEnd(element) < AT_END;
    if (isNew && !atEnd) missed.value += 1;
    drawn.current = { first, last: last?.id, newLine, height: element.scrollHeight, atEnd };
  }, [log, messages, newLine, userId, missed]);

  useEffect(() => {
    const element = log.current;
    if (element === null) return;
    const look = (): void => {
      const distance = distanceToEnd(element);
      drawn.current.atEnd = distance < AT_END;
      isFar.value = distance > FAR * element.clientHeight;
      if (drawn.current.atEnd) missed.value = 0;
    };
    const resized = new ResizeObserver(() => {
      if (drawn.current.atEnd) element.scrollTop = element.scrollHeight;
    });
    resized.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [log, missed, isFar]);

  const toEnd = (): void => {
    if (log.current !== null) log.current.scrollTop = log.current.scrollHeight;
  };
  return { missed, isFar, toEnd };
}

function distanceToEnd(element: HTMLElement): number {
  return element.scrollHeight - element.scrollTop - element.clientHeight;
}
