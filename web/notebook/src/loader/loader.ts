/**
 * The whole of a widget's `_esm`. It is in every message that opens a widget, so it only finds the bundle and starts it:
 * the Jupyter server has the bundle where the extension is installed, and else the kernel sends it.
 */

import { newId } from "../../../client/src/ids.ts";
import type { WidgetModel } from "../model.ts";
import { baseUrlOf } from "../page.ts";
import { type Loaded, loadOnce } from "./assets.ts";
import { fromKernel } from "./fromKernel.ts";
import { fromServer } from "./fromServer.ts";

/** What the bundle's `mount` is given. */
export interface MountOptions {
  model: WidgetModel;
  /** The view's element; its shadow root is for the view to make. */
  host: HTMLElement;
  /** Ends the view. */
  signal: AbortSignal;
  /** Brings in another file of the bundle as a module. */
  load: (name: string) => Promise<unknown>;
}

interface Bundle {
  mount(options: MountOptions): void;
}

const LOADED = Symbol.for("rayrooms.loaded");
const WAITING = "Waiting for the kernel, which sends the widget's code as soon as it is not busy…";
const NOT_FOUND =
  "Rayrooms cannot show this here: neither the Jupyter server nor the kernel sent the widget's code. " +
  "Restart the kernel and run the cell again, or have rayrooms installed where Jupyter runs.";

function render({ model, el }: { model: WidgetModel; el: HTMLElement }): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const host = document.createElement("div");
  host.className = "rayrooms";
  host.setAttribute("data-lm-suppress-shortcuts", "true");
  host.setAttribute("data-kind", String(model.get("kind")));
  el.append(host);
  void show(model, host, signal);
  return () => {
    ending.abort();
    host.remove();
  };
}

async function show(model: WidgetModel, host: HTMLElement, signal: AbortSignal): Promise<void> {
  const load = (name: string): Promise<unknown> =>
    loadOnce(modulesOfPage(), name, async () => {
      const base = baseUrlOf(window);
      const path = `${base}${String(model.get("proxy_path"))}/static/${name}`;
      const served = base === null ? null : await fromServer(path, (url, init) => fetch(url, init));
      const ports = portsOf(model, () => say(host, WAITING));
      return asModule(served ?? (await fromKernel(name, ports, signal)), name);
    });
  host.setAttribute("data-state", "opening");
  try {
    const bundle = (await load(String(model.get("bundle")))) as Bundle;
    if (signal.aborted) return;
    host.replaceChildren();
    bundle.mount({ model, host, signal, load });
  } catch (error) {
    if (signal.aborted) return;
    host.setAttribute("data-state", "failed");
    say(host, NOT_FOUND, () => void show(model, host, signal));
    host.title = String(error);
  }
}

/** On the page's global object: each widget has a loader of its own. */
function modulesOfPage(): Loaded {
  const page = globalThis as { [LOADED]?: Loaded };
  page[LOADED] ??= new Map();
  return page[LOADED];
}

async function asModule(text: string, name: string): Promise<unknown> {
  const source = new Blob([text, `\n//# sourceURL=rayrooms/${name}`], { type: "text/javascript" });
  const url = URL.createObjectURL(source);
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function portsOf(model: WidgetModel, silent: () => void) {
  return {
    view: newId(),
    send: (content: Record<string, unknown>) => model.send(content),
    listen: (listener: (content: unknown) => void) => {
      model.on("msg:custom", listener);
      return () => model.off("msg:custom", listener);
    },
    after: (ms: number, callback: () => void) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    silent,
  };
}

/** Before there is a shadow root: words, and perhaps a button. */
function say(host: HTMLElement, words: string, again?: () => void): void {
  const paragraph = document.createElement("p");
  paragraph.textContent = words;
  paragraph.setAttribute("role", "status");
  host.replaceChildren(paragraph);
  if (again !== undefined) {
    const button = document.createElement("button");
    button.textContent = "Try again";
    button.onclick = again;
    host.append(button);
  }
}

export default { render };
