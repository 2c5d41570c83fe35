/**
 * Views whose rooms go over the relay, in one process that stands for all browsers; the process that started it is
 * their kernel.
 *
 * Started with a JSON argument (Plan). Takes {"kernel": content} for a message to all views, and the commands
 * {"write": {count, every}}, "saved" and "finish"; reports {"kernel": content} for a message from a view, {"ready"},
 * {"written"}, {"saved"}, {"view"} with what one holds, and {"finished"}.
 */

import { Room } from "../../../client/src/index.ts";
import { commands, report } from "../../../client/test/live/lines.ts";
import type { KernelChannel } from "../../src/channel.ts";
import { relay } from "../../src/relay/index.ts";

interface Plan {
  url: string;
  roomId: string;
  token: string;
  views: number;
}

interface Writing {
  count: number;
  /** Milliseconds between a view's edits. */
  every: number;
}

type Command = { kernel: Record<string, unknown> } | { write: Writing } | "saved" | "finish";

/** Each view inserts code points of its own, each of them once. */
const MARKS = 4096;
const FIRST_MARK = 0x20000;
const TIMING = { retryFirst: 20, retryMost: 300, tick: 100 };

class Pipe implements KernelChannel {
  readonly view: string;
  readonly isAlive = true;
  readonly #listeners = new Set<(content: Record<string, unknown>) => void>();

  constructor(view: string) {
    this.view = view;
  }

  send(content: Record<string, unknown>): void {
    report({ kernel: content });
  }

  listen(listener: (content: Record<string, unknown>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onDeath(): () => void {
    return () => {};
  }

  receive(content: Record<string, unknown>): void {
    for (const listener of [...this.#listeners]) listener(content);
  }
}

class View {
  readonly pipe: Pipe;
  readonly room: Room;
  connections = 0;
  #written = 0;
  readonly #firstMark: number;

  constructor(plan: Plan, number: number) {
    this.pipe = new Pipe(`view ${number}`);
    this.#firstMark = FIRST_MARK + number * MARKS;
    const connect = relay(this.pipe);
    this.room = Room.open({
      url: plan.url,
      roomId: plan.roomId,
      token: () => plan.token,
      timing: TIMING,
      connect: (url, token, events) => {
        this.connections += 1;
        return connect(url, token, events);
      },
    });
  }

  /** By the clock: a view that was late makes up for it. */
  async write({ count, every }: Writing): Promise<void> {
    const start = performance.now();
    for (let number = 0; number < count; number++) {
      const wait = start + number * every - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const middle = Math.floor([...this.room.text].length / 2);
      this.room.insert(middle, String.fromCodePoint(this.#firstMark + this.#written));
      this.#written += 1;
    }
  }

  get held(): object {
    return { text: this.room.text, written: this.#written, mark: this.#firstMark, connections: this.connections };
  }
}

const plan = JSON.parse(process.argv[2] ?? "") as Plan;
const views = Array.from({ length: plan.views }, (_, number) => new View(plan, number));

function all(doing: (view: View) => Promise<unknown>, done: string): void {
  void Promise.all(views.map(doing)).then(() => report({ [done]: true }));
}

all((view) => view.room.ready, "ready");
for await (const line of commands()) {
  const command = line as Command;
  if (command === "saved") all((view) => view.room.whenSaved(), "saved");
  else if (command === "finish") {
    all(async (view) => {
      await view.room.sync();
      report({ view: view.held });
      await view.room.close();
    }, "finished");
  } else if ("write" in command) all((view) => view.write(command.write), "written");
  else for (const view of views) view.pipe.receive(command.kernel);
}
