/** A file of the bundle over the widget's comm: asked for until all of it has come. */

import { Parts } from "./parts.ts";

/** Messages may be lost: without a part for this long the file is asked for again. */
export const ASK_AGAIN_MS = 5_000;

/** The comm, and a timer; `view` marks what is meant for this one. */
export interface KernelPorts {
  readonly view: string;
  /** Throws when there is no kernel any more. */
  send(content: Record<string, unknown>): void;
  /** Returns what ends it. */
  listen(listener: (content: unknown) => void): () => void;
  /** Calls back after `ms`; returns what cancels that. */
  after(ms: number, callback: () => void): () => void;
  /** Called whenever nothing was heard for so long that the file is asked for again. */
  silent(): void;
}

/**
 * The text of the file `name`. Asks for as long as it takes, as a kernel answers when it is not busy any more; rejects
 * with the reason when the kernel says that it cannot or is gone, and when `signal` ends it.
 */
export function fromKernel(name: string, ports: KernelPorts, signal: AbortSignal): Promise<string> {
  const { view } = ports;
  const parts = new Parts();
  return new Promise((resolve, reject) => {
    let cancel = (): void => undefined;
    const wait = (): void => {
      cancel();
      cancel = ports.after(ASK_AGAIN_MS, () => {
        ports.silent();
        ask();
      });
    };
    const ask = (): void => {
      wait();
      try {
        ports.send({ kind: "asset", view, name });
      } catch (error) {
        end();
        reject(error); // the comm is gone
      }
    };
    const end = (): void => {
      cancel();
      unlisten();
      signal.removeEventListener("abort", removed);
    };
    const removed = (): void => {
      end();
      reject(new Error("The view was removed."));
    };
    const unlisten = ports.listen((content) => {
      if (!isAnswer(content) || content.view !== view || content.name !== name) return;
      if (typeof content.error === "string") {
        end();
        reject(new Error(content.error));
      } else if (parts.add(content.part, content.parts, content.text)) {
        wait();
        if (parts.text !== null) {
          end();
          resolve(parts.text);
        }
      }
    });
    signal.addEventListener("abort", removed);
    if (signal.aborted) removed();
    else ask();
  });
}

interface Answer {
  kind: "asset";
  view?: unknown;
  name?: unknown;
  part?: unknown;
  parts?: unknown;
  text?: unknown;
  error?: unknown;
}

function isAnswer(content: unknown): content is Answer {
  return typeof content === "object" && content !== null && "kind" in content && content.kind === "asset";
}
