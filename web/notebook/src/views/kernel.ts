/** Whether the kernel that showed a view is still there. */

import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { KernelChannel } from "../channel.ts";

export function useKernel(channel: KernelChannel): ReadonlySignal<boolean> {
  const isThere = useSignal(channel.isAlive);
  useEffect(
    () =>
      channel.onDeath(() => {
        isThere.value = false;
      }),
    [channel, isThere],
  );
  return isThere;
}
