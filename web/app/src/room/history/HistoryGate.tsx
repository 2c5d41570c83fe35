/** Loads the history when it is first asked for: most visits to a room do without. */

import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { Spinner, toast } from "../../components/index.ts";
import { useRoom } from "../context.ts";

const HistoryMode = signal<FunctionComponent | null>(null);

export function HistoryGate() {
  const { ui } = useRoom();
  useEffect(() => {
    if (HistoryMode.peek() !== null) return;
    import("./HistoryMode.tsx").then(
      (module) => {
        HistoryMode.value = module.HistoryMode;
      },
      () => {
        ui.history.value = false;
        toast("The history could not be loaded. Check your connection and try again.", { kind: "error" });
      },
    );
  }, [ui]);
  if (HistoryMode.value !== null) return <HistoryMode.value />;
  return (
    <div class="history history--loading">
      <Spinner size={20} label="Opening the history" />
    </div>
  );
}
