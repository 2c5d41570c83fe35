/** Whether one's edits are safe, always in sight. */

import { CloudCheck, CloudOff, CloudUpload } from "lucide-preact";
import { Spinner, toast } from "../../components/index.ts";
import { useRoom } from "../context.ts";
import { saveLabel } from "../logic/saveLabel.ts";

const ICONS = { saved: CloudCheck, saving: CloudUpload, offline: CloudOff } as const;

/** Pressed, it tries to connect when there is no connection, and else says what it means (there is no hovering by touch). */
export function SavePill() {
  const { store } = useRoom();
  const { kind, text, meaning } = saveLabel(store.saved.value, store.status.value, store.kept);
  const IconShape = kind === "connecting" ? null : ICONS[kind];
  const press = (): void => {
    if (kind === "offline") {
      store.room.reconnect();
    } else {
      toast(meaning);
    }
  };
  return (
    <button
      type="button"
      class={`save-pill save-pill--${kind}`}
      data-save-state={kind}
      data-tooltip={kind === "offline" ? `${meaning} Press to try now.` : meaning}
      aria-label={`${text}. ${meaning}`}
      onClick={press}
    >
      {IconShape === null ? <Spinner size={14} /> : <IconShape size={15} aria-hidden="true" />}
      <span class="save-pill__text">{text}</span>
    </button>
  );
}
