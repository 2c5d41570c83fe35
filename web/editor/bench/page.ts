/**
 * An editor on a room without a network, for measuring and for looking at: bundle it, open it in a browser, and drive
 * it through `window.bench`. See README.md.
 */

import { forceParsing } from "@codemirror/language";
import type { Participant, Range } from "../../client/src/index.ts";
import { HistoryView, loadLanguage, RoomEditor } from "../src/index.ts";
import { FakeRoom } from "../test/fakeRoom.ts";

interface Bench {
  /** Put an editor on a room with this text into the page. */
  open(text: string, language: string, dark?: boolean): void;
  room: FakeRoom;
  editor: RoomEditor;
  /** Someone with a caret or selection, in code points. */
  place(name: string, colour: string, ranges: Range[]): void;
  /** Begin to measure keys. */
  start(): void;
  /** Milliseconds of each key since `start`: of its handling, and until its frame was painted. */
  stop(): { handled: number[]; painted: number[] };
  history: typeof HistoryView;
  force: typeof forceParsing;
}

declare global {
  interface Window {
    bench: Bench;
  }
}

const parent = document.createElement("main");
document.body.append(parent);

const painted: number[] = [];
const handled: number[] = [];
let measuring = false;

addEventListener(
  "keydown",
  () => {
    if (!measuring) return;
    const pressed = performance.now();
    // All that a key brings about at once is one task: the message comes after it. The other one comes after the
    // next frame was painted.
    after(handled, pressed);
    requestAnimationFrame(() => after(painted, pressed));
  },
  { capture: true },
);

function after(times: number[], since: number): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => times.push(performance.now() - since);
  port2.postMessage(null);
}

window.bench = {
  room: new FakeRoom(),
  editor: undefined as unknown as RoomEditor,
  history: HistoryView,
  force: forceParsing,
  open(text, language, dark = false) {
    this.editor?.destroy();
    this.room = new FakeRoom(text);
    this.editor = new RoomEditor({
      parent,
      room: this.room,
      language,
      loadLanguage,
      dark,
      nonce: "bench",
      label: "Document",
    });
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
  },
  place(name, colour, ranges) {
    const participant: Participant = { session_id: name, user_id: name, name, colour, role: "member" };
    if (!this.room.others.some((one) => one.session_id === name)) this.room.others.push(participant);
    this.room.cursors.set(name, ranges);
    this.room.emit("cursor", { sessionId: name, userId: name, ranges });
  },
  start() {
    painted.length = 0;
    handled.length = 0;
    measuring = true;
  },
  stop() {
    measuring = false;
    return { handled: [...handled], painted: [...painted] };
  },
};
