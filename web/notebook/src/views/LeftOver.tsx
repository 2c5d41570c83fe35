/** What an earlier session held that this room could not take over: shown, so that nothing that was typed is lost. */

import { useSignal } from "@preact/signals";
import { CircleAlert, X } from "lucide-preact";
import { IconButton } from "../../../app/src/components/Button.tsx";
import type { WidgetSession } from "../session/index.ts";

export function LeftOver({ session }: { session: WidgetSession }) {
  const dismissed = useSignal<string | null>(null);
  const text = session.leftOver.value;
  if (text === null || text === dismissed.value) return null;
  return (
    <div class="banner banner--refused" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div class="banner__words">
        <p>You were signed in anew, and some of what you wrote before could not be taken over. This was your text:</p>
        <pre class="banner__lost">{text}</pre>
      </div>
      <IconButton
        size="s"
        label="Dismiss"
        icon={X}
        onClick={() => {
          dismissed.value = text;
        }}
      />
    </div>
  );
}
