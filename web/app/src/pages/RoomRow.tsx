/** One room of a list: what it is, what one is in it, and what one can do with it. */

import { Ellipsis, Link2, Lock, LogOut, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Role, RoomSummary } from "../../../client/src/index.ts";
import { findLanguage } from "../../../editor/src/languages.ts";
import { request } from "../api.ts";
import { ConfirmDialog, IconButton, Menu, type MenuItem, toast } from "../components/index.ts";
import { momentOf, timeAgo } from "../format.ts";
import { roomPath } from "../routes.ts";

const ROLE_WORDS: Record<Role, string> = { owner: "Owner", admin: "Admin", member: "Member", viewer: "Viewer" };

interface RoomRowProps {
  room: RoomSummary;
  now: Date;
  /** It was deleted or left. */
  onGone: () => void;
}

export function RoomRow({ room, now, onGone }: RoomRowProps) {
  const [asking, setAsking] = useState<"delete" | "leave" | null>(null);
  const language = findLanguage(room.language);
  const touched = new Date(room.edited_at ?? room.created_at);
  const path = roomPath(room.room_id);

  const items: (MenuItem | "separator")[] = [
    { label: "Copy link", icon: Link2, onSelect: () => void copyLink(path) },
    ...(room.role === "owner"
      ? (["separator", { label: "Delete…", icon: Trash2, danger: true, onSelect: () => setAsking("delete") }] as const)
      : room.role === null
        ? []
        : ([
            "separator",
            { label: "Leave…", icon: LogOut, danger: true, onSelect: () => setAsking("leave") },
          ] as const)),
  ];

  return (
    <li class="room-row">
      <span class="room-row__language" aria-hidden="true">
        {language.extension.slice(1, 5)}
      </span>
      <div class="room-row__words">
        <h2 class="room-row__name">
          <Link href={path} class="room-row__link">
            {room.name}
          </Link>
          {room.private && (
            <span class="room-row__lock" data-tooltip="Private: members only">
              <Lock size={13} aria-hidden="true" />
              <span class="visually-hidden">Private</span>
            </span>
          )}
        </h2>
        <p class="room-row__facts">
          <span>{language.label}</span>
          <time dateTime={touched.toISOString()} title={momentOf(touched)}>
            {room.edited_at === null ? "Made" : "Edited"} {timeAgo(touched, now)}
          </time>
          {room.role !== "owner" && room.owner_name !== null && <span>{room.owner_name}’s</span>}
          {room.description && <span>{room.description}</span>}
        </p>
      </div>
      {room.role && <span class={`role role--${room.role}`}>{ROLE_WORDS[room.role]}</span>}
      <Menu
        label={`${room.name}: actions`}
        items={items}
        trigger={(props) => (
          <IconButton {...props} class="room-row__menu" size="s" label={`More for ${room.name}`} icon={Ellipsis} />
        )}
      />
      {asking === "delete" && (
        <ConfirmDialog
          title={`Delete “${room.name}”?`}
          confirm="Delete room"
          danger
          onClose={() => setAsking(null)}
          onConfirm={async () => {
            await request((rest) => rest.deleteRoom(room.room_id));
            onGone();
            toast(`“${room.name}” was deleted.`, { kind: "success" });
          }}
        >
          <p>Its text, chat and history go for everybody, and whoever is inside is sent out. This cannot be undone.</p>
        </ConfirmDialog>
      )}
      {asking === "leave" && (
        <ConfirmDialog
          title={`Leave “${room.name}”?`}
          confirm="Leave room"
          danger
          onClose={() => setAsking(null)}
          onConfirm={async () => {
            await request((rest) => rest.leave(room.room_id));
            onGone();
            toast(`You left “${room.name}”.`, { kind: "success" });
          }}
        >
          <p>
            {room.private
              ? "You will need a new invitation to come back. What you wrote stays."
              : "You can enter it again at any time. What you wrote stays."}
          </p>
        </ConfirmDialog>
      )}
    </li>
  );
}

async function copyLink(path: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(new URL(path, location.href).href);
    toast("Link copied.", { kind: "success" });
  } catch {
    toast("The browser does not allow copying here.", { kind: "error" });
  }
}
