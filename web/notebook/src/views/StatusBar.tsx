/** The line below the text: whether all is saved, which way it goes, who is typing, and who one is here. */

import type { ReadonlySignal } from "@preact/signals";
import { BadgeCheck, CloudCheck, CloudOff, CloudUpload, Cpu, Eye, Server, UserRound, Zap } from "lucide-preact";
import type { Icon } from "../../../app/src/components/icon.ts";
import { Spinner } from "../../../app/src/components/Spinner.tsx";
import { toast } from "../../../app/src/components/Toasts.tsx";
import { saveLabel } from "../../../app/src/room/logic/saveLabel.ts";
import type { RoomStore } from "../../../app/src/room/roomStore.ts";
import type { Identity, TransportInUse, WidgetSession } from "../session/index.ts";
import { doingLine } from "./doing.ts";

const SAVE_ICONS = { saved: CloudCheck, saving: CloudUpload, offline: CloudOff } as const;

const TRANSPORTS: Record<TransportInUse, { icon: Icon; label: string; meaning: string }> = {
  direct: { icon: Zap, label: "Direct", meaning: "Connected to the room server directly." },
  proxy: { icon: Server, label: "Via Jupyter", meaning: "Connected to the room server through the Jupyter server." },
  relay: {
    icon: Cpu,
    label: "Via kernel",
    meaning: "Connected to the room server through the kernel: a little slower, and only as long as the kernel lives.",
  },
};

const IDENTITIES: Record<Identity["kind"], { icon: Icon; note: string; meaning: string }> = {
  verified: { icon: BadgeCheck, note: "verified", meaning: "Jupyter vouches for who you are." },
  guest: { icon: UserRound, note: "guest", meaning: "You are here as a guest: nobody vouches for your name." },
  kernel: {
    icon: Cpu,
    note: "as the kernel",
    meaning: "You take part as the kernel's own user, as everybody does who has no other way to the room.",
  },
};

export interface StatusBarProps {
  session: WidgetSession;
  store: RoomStore;
  mayEdit: ReadonlySignal<boolean>;
  /** Where it is, it tells who types a message. */
  chatIsShown: boolean;
}

export function StatusBar({ session, store, mayEdit, chatIsShown }: StatusBarProps) {
  return (
    <fieldset class="status" aria-label="Status">
      <SaveState store={store} />
      <span class="visually-hidden" role="status">
        {store.saved.value.kind === "offline" && "You are offline."}
      </span>
      <Transport session={session} store={store} />
      <p class="status__doing">{doingLine(store.people.value, chatIsShown)}</p>
      {!mayEdit.value && (
        <span class="status__part" data-read-only data-tooltip={readOnlyMeaning(store)}>
          <Eye size={13} aria-hidden="true" />
          Read only
        </span>
      )}
      <Own session={session} store={store} />
    </fieldset>
  );
}

function readOnlyMeaning({ role }: RoomStore): string {
  return role.value === "viewer"
    ? "You are a viewer of this room: you can read and chat. An admin of the room can let you edit."
    : "This editor is for reading only.";
}

/** Pressed, it tries to connect when there is no connection, and else says what it means. */
function SaveState({ store }: { store: RoomStore }) {
  const { kind, text, meaning } = saveLabel(store.saved.value, store.status.value, store.kept);
  const IconShape = kind === "connecting" ? null : SAVE_ICONS[kind];
  return (
    <button
      type="button"
      class={`status__part status__save status__save--${kind}`}
      data-save-state={kind}
      data-tooltip={kind === "offline" ? `${meaning} Press to try now.` : meaning}
      aria-label={`${text}. ${meaning}`}
      onClick={() => {
        if (kind === "offline") store.room.reconnect();
        else toast(meaning);
      }}
    >
      {IconShape === null ? <Spinner size={13} /> : <IconShape size={14} aria-hidden="true" />}
      <span>{text}</span>
    </button>
  );
}

function Transport({ session, store }: { session: WidgetSession; store: RoomStore }) {
  const transport = session.transport.value;
  if (transport === null || store.status.value !== "online") return null;
  const { icon: IconShape, label, meaning } = TRANSPORTS[transport];
  return (
    <span class="status__part status__transport" data-tooltip={meaning}>
      <IconShape size={13} aria-hidden="true" />
      <span class="status__words">{label}</span>
      <span class="visually-hidden">{meaning}</span>
    </span>
  );
}

function Own({ session, store }: { session: WidgetSession; store: RoomStore }) {
  const { kind, name } = session.identity;
  const { icon: IconShape, note, meaning } = IDENTITIES[kind];
  const shown = store.present.value.find((person) => person.isYou)?.name ?? name;
  return (
    <span class={`status__part status__own status__own--${kind}`} data-identity={kind} data-tooltip={meaning}>
      <IconShape size={13} aria-hidden="true" />
      <span class="status__name">{shown}</span>
      <span class="status__words">({note})</span>
    </span>
  );
}
