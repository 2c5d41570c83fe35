/** Said of a view whose only way to its room was a kernel that is gone: it will not come back by itself. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { CloudOff } from "lucide-preact";
import { KERNEL_GONE } from "../channel.ts";
import type { TransportInUse } from "../session/index.ts";
import type { ViewProps } from "./EditorView.tsx";
import { useKernel } from "./kernel.ts";

export function KernelGone({ parts, session, store }: ViewProps) {
  const hasKernel = useKernel(parts.channel);
  const lastWay = useSignal<TransportInUse | null>(null);
  useSignalEffect(() => {
    lastWay.value = session.transport.value ?? lastWay.peek();
  });
  const isGone = !hasKernel.value && store.status.value !== "online" && lastWay.value === "relay";
  const isKept = store.kept && store.saved.value.unsent > 0;
  return (
    <div role="status">
      {isGone && (
        <div class="banner banner--offline">
          <CloudOff size={16} aria-hidden="true" />
          <p>
            {KERNEL_GONE}
            {isKept && " What you wrote is kept in this browser and sent then."}
          </p>
        </div>
      )}
    </div>
  );
}
