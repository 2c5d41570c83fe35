/** The custom messages between one view and its kernel, and how a view notices that the kernel's side is gone. */

import { newId } from "../../client/src/ids.ts";
import { isObject } from "../../client/src/transport/connection.ts";
import type { WidgetModel } from "./model.ts";

/** What a view and the kernel say to one another. Messages may be dropped by Jupyter, in both directions. */
export interface KernelChannel {
  /** This view's id, at random: the kernel's messages reach the views of all people, and name whom they are for. */
  readonly view: string;
  /** Sends `content` with this view's id; does nothing once the channel is dead. */
  send(content: Readonly<Record<string, unknown>>): void;
  /** Calls `listener` with every message for this view. Returns what takes that back. */
  listen(listener: (content: Record<string, unknown>) => void): () => void;
  /** False for good once the kernel was restarted or shut down, or the widget closed. */
  readonly isAlive: boolean;
  /** Calls `listener` once when the channel dies, at once if it is dead. Returns what takes that back. */
  onDeath(listener: () => void): () => void;
}

/** What to tell people whose view needs a channel that is dead. */
export const KERNEL_GONE = "The kernel that showed this was restarted or shut down: run the cell again.";

/**
 * What the model of ipywidgets 8 tells when the kernel's side of it is gone for good: the kernel closed the widget
 * (`comm:close`, then `destroy`), the model was closed here (`destroy`), or the kernel is restarting
 * (`comm_live_update`, which is told of no other change once there is a view).
 */
const DEATHS = ["comm:close", "destroy", "comm_live_update"] as const;

/** The channel of one view over its model's comm. */
export function channelOf(model: Pick<WidgetModel, "send" | "on">): KernelChannel {
  return new CommChannel(model);
}

class CommChannel implements KernelChannel {
  readonly view = newId();
  readonly #model: Pick<WidgetModel, "send" | "on">;
  readonly #listeners = new Set<(content: Record<string, unknown>) => void>();
  readonly #mourners = new Set<() => void>();
  #isAlive = true;

  constructor(model: Pick<WidgetModel, "send" | "on">) {
    this.#model = model;
    model.on("msg:custom", (content: unknown) => this.#receive(content));
    for (const event of DEATHS) model.on(event, () => this.#die());
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  send(content: Readonly<Record<string, unknown>>): void {
    if (!this.#isAlive) return;
    try {
      this.#model.send({ ...content, view: this.view });
    } catch {
      // A kernel that died by itself leaves the model without a word, and a comm that throws.
      this.#die();
    }
  }

  listen(listener: (content: Record<string, unknown>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onDeath(listener: () => void): () => void {
    if (!this.#isAlive) {
      listener();
      return () => {};
    }
    this.#mourners.add(listener);
    return () => this.#mourners.delete(listener);
  }

  #receive(content: unknown): void {
    if (!this.#isAlive || !isObject(content)) return;
    const { view } = content;
    if (view !== this.view) return; // it is for somebody else's
    for (const listener of [...this.#listeners]) listener(content);
  }

  #die(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    const mourners = [...this.#mourners];
    this.#mourners.clear();
    this.#listeners.clear();
    for (const listener of mourners) listener();
  }
}
