/** Running the shared text in the kernel. */

import { type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import { toast } from "../../../app/src/components/Toasts.tsx";
import type { RoomStore } from "../../../app/src/room/roomStore.ts";
import { useKernel } from "./kernel.ts";
import type { ViewParts } from "./parts.ts";

/** Without an answer from the room for this long the text is run as the kernel has it. */
const COMMIT_WITHIN_MS = 3_000;

export interface Runner {
  /** Whether a run is asked for or under way. */
  readonly isRunning: ReadonlySignal<boolean>;
  /** Whether there is a kernel to run it. */
  readonly hasKernel: ReadonlySignal<boolean>;
  /** Asks the kernel to run the text. False for a text that is not to be run. */
  run(): boolean;
}

export function useRun({ options, channel }: ViewParts, store: RoomStore): Runner {
  const asking = useSignal(false);
  const hasKernel = useKernel(channel);
  const isRunning = useComputed(() => asking.value || options.value.running);
  const run = (): boolean => {
    if (!options.peek().runnable) return false;
    if (!hasKernel.peek()) {
      toast("The kernel that showed this editor is gone. Run its cell again, then run the text.");
    } else if (store.status.peek() !== "online") {
      toast("You are offline: what you wrote has not reached the kernel yet.");
    } else if (!isRunning.peek()) {
      asking.value = true;
      void committedVersion(store).then((version) => {
        channel.send({ kind: "run", version });
        asking.value = false;
      });
    }
    return true;
  };
  return { isRunning, hasKernel, run };
}

/** The version that has all own edits; the newest one known when that takes long. */
async function committedVersion({ room }: RoomStore): Promise<number> {
  const late = new Promise<number>((resolve) => setTimeout(() => resolve(room.version), COMMIT_WITHIN_MS));
  return Promise.race([room.sync().catch(() => room.version), late]);
}
