/** The widget's model as anywidget hands it to a view, typed, and the options that its traits stand for. */

import { InvalidError } from "../../client/src/errors.ts";
import { addressesOf } from "../../client/src/transport/address.ts";

/** The part of anywidget's model (0.9 and later) that is used here. */
export interface WidgetModel {
  get(trait: string): unknown;
  set(trait: string, value: unknown): void;
  /** Sends what was `set` to the kernel. */
  save_changes(): void;
  /** Sends a custom message to the kernel. Throws when the comm is gone. */
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  /** anywidget takes all listeners of a view away when the view ends. */
  on(event: string, listener: (...details: unknown[]) => void): void;
  off(event: string, listener?: ((...details: unknown[]) => void) | null): void;
  /** Jupyter's own, whose type differs between front ends. */
  readonly widget_manager?: unknown;
}

export type WidgetKind = "editor" | "chat" | "presence";
export type TransportChoice = "auto" | "direct" | "proxy" | "relay";
export type ThemeChoice = "auto" | "light" | "dark";

/** What the kernel asks of a view. */
export interface WidgetOptions {
  readonly kind: WidgetKind;
  readonly room: string;
  /** What the room is called on the page; the room's id when the kernel gives no title. */
  readonly title: string;
  /** Of the room server, as the kernel reaches it, without a slash at its end. */
  readonly url: string;
  /** Of the Jupyter server extension, under Jupyter's base URL, without slashes at its ends. */
  readonly proxyPath: string;
  readonly language: string;
  readonly theme: ThemeChoice;
  /** A CSS length. */
  readonly height: string;
  readonly readOnly: boolean;
  readonly transport: TransportChoice;
  readonly showChat: boolean;
  /** Whether there is something that runs the text. */
  readonly runnable: boolean;
  /** Whether the kernel runs the text now. */
  readonly running: boolean;
  /** The name of the file that holds the views' code. */
  readonly bundle: string;
}

/** The version of the contract between kernel and view: traits and custom messages. */
export const PROTOCOL_VERSION = 1;

const KINDS: readonly WidgetKind[] = ["editor", "chat", "presence"];
const TRANSPORTS: readonly TransportChoice[] = ["auto", "direct", "proxy", "relay"];
const THEMES: readonly ThemeChoice[] = ["auto", "light", "dark"];

/**
 * The options that the model's traits stand for now.
 *
 * Throws InvalidError when there is no telling which room is meant, or when the kernel's side of the widget is of
 * another version; traits that only concern looks fall back to what is usual.
 */
export function readOptions(model: Pick<WidgetModel, "get">): WidgetOptions {
  const version = model.get("protocol_version");
  if (version !== PROTOCOL_VERSION) {
    throw new InvalidError(
      "The rayrooms package in the kernel is of another version than this page. Restart the kernel and reload the page.",
    );
  }
  const room = text(model, "room", "");
  if (room === "") throw new InvalidError("The widget names no room.");
  return {
    kind: oneOf(model, "kind", KINDS, "editor"),
    room,
    title: text(model, "title", "") || room,
    url: addressesOf(text(model, "url", "")).rest,
    proxyPath: text(model, "proxy_path", "rayrooms").replace(/^\/+|\/+$/g, ""),
    language: text(model, "language", "") || "text",
    theme: oneOf(model, "theme", THEMES, "auto"),
    height: text(model, "height", "") || "300px",
    readOnly: model.get("read_only") === true,
    transport: oneOf(model, "transport", TRANSPORTS, "auto"),
    showChat: model.get("show_chat") === true,
    runnable: model.get("runnable") === true,
    running: model.get("running") === true,
    bundle: text(model, "bundle", ""),
  };
}

function text(model: Pick<WidgetModel, "get">, trait: string, otherwise: string): string {
  const value = model.get(trait);
  return typeof value === "string" ? value : otherwise;
}

function oneOf<Choice extends string>(
  model: Pick<WidgetModel, "get">,
  trait: string,
  choices: readonly Choice[],
  otherwise: Choice,
): Choice {
  const value = model.get(trait);
  return choices.find((choice) => choice === value) ?? otherwise;
}
