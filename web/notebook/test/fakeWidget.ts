/** The model of a widget, as anywidget hands it to a view, and its kernel. */

import type { WidgetModel } from "../src/model.ts";

type Listener = (...details: unknown[]) => void;

export class FakeModel implements WidgetModel {
  readonly traits: Record<string, unknown>;
  readonly sent: Record<string, unknown>[] = [];
  readonly #listeners = new Map<string, Listener[]>();
  /** What the kernel does with a message. */
  kernel: (content: Record<string, unknown>) => void = () => {};
  isCommGone = false;
  widget_manager: unknown;

  constructor(traits: Record<string, unknown> = {}) {
    this.traits = { protocol_version: 1, room: "r", url: "http://127.0.0.1:8000", ...traits };
  }

  get(trait: string): unknown {
    return this.traits[trait];
  }

  set(trait: string, value: unknown): void {
    this.traits[trait] = value;
  }

  save_changes(): void {}

  send(content: unknown): void {
    if (this.isCommGone) throw new Error("Cannot send");
    const message = content as Record<string, unknown>;
    this.sent.push(message);
    this.kernel(message);
  }

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  off(): void {}

  /** What Jupyter tells the view. */
  trigger(event: string, ...details: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...details);
  }
}
