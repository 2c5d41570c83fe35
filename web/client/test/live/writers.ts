/**
 * Clients of a running server that write at random until told to stop.
 *
 * Started with a JSON argument (Plan). Reports {ready}, then {edits} again and again; after "stop" {saved} once all is in
 * the database, and after "finish" what each client holds.
 */

import { Room, type TransportName } from "../../src/index.ts";
import { Dice } from "../generate.ts";
import { commands, report } from "./lines.ts";

interface Plan {
  roomId: string;
  token: string;
  seed: number;
  /** `mark` is the first of the 2048 code points that are this client's alone: each insert holds the next one. */
  clients: { url: string; transport: TransportName; mark: number }[];
}

const MARKS = 2048;
const FIRST_MARK = 0x20000;
const TIMING = { retryFirst: 20, retryMost: 300, tick: 100, probeTimeout: 1000 };

class Writer {
  readonly room: Room;
  readonly transport: TransportName;
  written = 0;
  readonly deleted: string[] = [];
  readonly #dice: Dice;
  readonly #mark: number;
  #isStopped = false;

  constructor(plan: Plan, { url, transport, mark }: Plan["clients"][number]) {
    const { roomId, token } = plan;
    this.room = Room.open({ url, roomId, token: () => token, transport, timing: TIMING });
    this.transport = transport;
    this.#dice = new Dice(plan.seed + mark);
    this.#mark = mark;
  }

  async write(): Promise<void> {
    while (!this.#isStopped && this.written < MARKS) {
      this.#edit();
      if (this.written % 10 === 0) report({ edits: this.written, transport: this.transport });
      await new Promise((resolve) => setTimeout(resolve, this.#dice.int(0, 15))); // the pace of a quick typist
      if (this.room.saved.unsent > 30 && this.room.status === "online") await this.room.sync();
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  #edit(): void {
    const dice = this.#dice;
    const text = [...this.room.text];
    const at = dice.int(0, text.length);
    if (text.length > 50 && dice.chance(0.3)) {
      const gone = text.slice(at, at + dice.int(1, 5));
      if (gone.length === 0) return;
      this.room.delete(at, gone.length);
      this.deleted.push(...gone.filter((char) => (char.codePointAt(0) ?? 0) >= FIRST_MARK));
    } else {
      const filling = dice.pick(["", "a", "word ", "👩‍👩‍👧", "é\n", "😀"]);
      this.room.insert(at, filling + String.fromCodePoint(this.#mark + this.written));
      this.written += 1;
    }
    this.room.setCursor([[at, Math.min(at + 1, [...this.room.text].length)]]);
  }
}

const plan = JSON.parse(process.argv[2] ?? "") as Plan;
const writers = plan.clients.map((client) => new Writer(plan, client));
await Promise.all(writers.map((writer) => writer.room.ready));
report({ ready: true });
const writing = Promise.all(writers.map((writer) => writer.write()));
for await (const command of commands()) {
  if (command === "stop") {
    for (const writer of writers) writer.stop();
    await writing;
    await Promise.all(writers.map((writer) => writer.room.whenSaved()));
    report({ saved: true });
  } else if (command === "finish") {
    await Promise.all(writers.map((writer) => writer.room.sync()));
    report({
      clients: writers.map(({ room, transport, written, deleted }) => ({
        transport,
        written,
        deleted,
        text: room.text,
        client_id: room.clientId,
      })),
    });
    await Promise.all(writers.map((writer) => writer.room.close()));
    break;
  }
}
