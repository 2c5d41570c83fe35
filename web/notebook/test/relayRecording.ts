/** Writes down what a link does, step by step, and does recorded steps again. */

import type { Limits } from "../src/relay/limits.ts";
import { Link, type LinkEvent, type Phase } from "../src/relay/link.ts";
import type { Message } from "../src/relay/messages.ts";

export type Action =
  | { do: "opened" }
  | { do: "push"; frame: string }
  | { do: "finish"; code: string; reason: string; now: number }
  | { do: "receive"; message: Message; now: number }
  | { do: "take"; now: number };

interface Readings {
  due: number | null;
  phase: Phase;
  full: boolean;
}

/** What was done, what came of it, and those readings that changed. */
export type Step = Action & { gives?: Message; told?: LinkEvent[] } & Partial<Readings>;

export interface Record {
  name: string;
  /** In the spelling of Python. */
  limits: { [name: string]: number };
  start: number;
  /** Of the view's `open`; null at the kernel's end. */
  token: string | null;
  steps: Step[];
}

/** A link that keeps a record of its steps. */
export class RecordedLink {
  readonly steps: Step[] = [];
  readonly #link: Link;
  #last: Partial<Readings> = {};

  constructor({ limits, start, token }: Pick<Record, "limits" | "start" | "token">) {
    this.#link = new Link(limitsOf(limits), start, token === null ? null : { type: "open", token });
  }

  do(action: Action): Step {
    const gives = this.#do(action);
    const told = this.#link.takeEvents();
    const readings: Readings = { due: this.#link.due(), phase: this.#link.phase, full: this.#link.isFull };
    const step: Step = {
      ...action,
      ...(gives !== null && { gives }),
      ...(told.length > 0 && { told }),
      ...(readings.due !== this.#last.due && { due: readings.due }),
      ...(readings.phase !== this.#last.phase && { phase: readings.phase }),
      ...(readings.full !== this.#last.full && { full: readings.full }),
    };
    this.#last = readings;
    this.steps.push(step);
    return step;
  }

  #do(action: Action): Message | null {
    const link = this.#link;
    if (action.do === "take") return link.take(action.now);
    if (action.do === "opened") link.opened();
    else if (action.do === "push") link.push(action.frame);
    else if (action.do === "finish") link.finish(action.code, action.reason, action.now);
    else link.receive(action.message, action.now);
    return null;
  }
}

function limitsOf(spelled: Record["limits"]): Limits {
  const entries = Object.entries(spelled);
  const camel = entries.map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(camel) as Limits;
}
