/** What the reader should know now, above the document: no connection, and edits that the room did not take. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { CircleAlert, CloudOff, Copy, X } from "lucide-preact";
import { Button, IconButton } from "../../components/Button.tsx";
import { toast } from "../../components/Toasts.tsx";
import { useStore } from "../context.ts";
import { offlineWords } from "../logic/saveLabel.ts";

/** A shorter break is over before one could read of it. */
const TELL_AFTER_MS = 1_500;

export function Banners() {
  return (
    <div class="banners">
      <OfflineBanner />
      <RefusedBanner />
    </div>
  );
}

function OfflineBanner() {
  const store = useStore();
  const isLong = useSignal(false);
  useSignalEffect(() => {
    if (store.status.value === "online") {
      isLong.value = false;
      return undefined;
    }
    const timer = setTimeout(() => {
      isLong.value = true;
    }, TELL_AFTER_MS);
    return () => clearTimeout(timer);
  });
  const words = offlineWords(store.trouble.value?.code, store.kept);
  return (
    <div role="status">
      {isLong.value && (
        <div class="banner banner--offline">
          <CloudOff size={16} aria-hidden="true" />
          <p>{store.role.value === "viewer" ? "You are offline. The document may have changed since." : words}</p>
          <Button size="s" variant="ghost" onClick={() => store.room.reconnect()}>
            Try now
          </Button>
        </div>
      )}
    </div>
  );
}

export function RefusedBanner() {
  const store = useStore();
  const refused = store.refused.value;
  const dismiss = (): void => {
    store.refused.value = null;
  };
  const copy = async (text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      toast("Copied.", { kind: "success" });
    } catch {
      toast("Your browser does not let this page copy. Select the text and copy it by keyboard.", { kind: "error" });
    }
  };
  return (
    <div role="alert">
      {refused !== null && (
        <div class="banner banner--refused">
          <CircleAlert size={16} aria-hidden="true" />
          <div class="banner__words">
            <p>
              The room did not take {refused.count === 1 ? "an edit" : `${refused.count} edits`} of yours, and they were
              undone here. {refused.reason}
            </p>
            {refused.text !== "" && <pre class="banner__lost">{refused.text}</pre>}
          </div>
          {refused.text !== "" && (
            <Button size="s" variant="ghost" icon={Copy} onClick={() => void copy(refused.text)}>
              Copy what you wrote
            </Button>
          )}
          <IconButton size="s" label="Dismiss" icon={X} onClick={dismiss} />
        </div>
      )}
    </div>
  );
}
