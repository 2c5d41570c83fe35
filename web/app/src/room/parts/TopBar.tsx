/** The bar above the editor: where one is, whether all is saved, who is here, and what one can do. */

import { ArrowLeft, Eye, History, MessageSquare, Redo2, Search, Undo2, UserPlus, Users } from "lucide-preact";
import { Link } from "wouter-preact";
import { findLanguage } from "../../../../editor/src/languages.ts";
import { AvatarStack, Button, IconButton, Skeleton, Tooltip } from "../../components/index.ts";
import { solidColour } from "../colour.ts";
import { useRoom } from "../context.ts";
import { modKey } from "../shortcuts.ts";
import { RoomMenu } from "./RoomMenu.tsx";
import { SavePill } from "./SavePill.tsx";

export function TopBar() {
  return (
    <header class="room-bar">
      <Link
        href="/"
        class="icon-button icon-button--m room-bar__back"
        aria-label="Back to your rooms"
        data-tooltip="Back to your rooms"
      >
        <ArrowLeft size={18} aria-hidden="true" />
      </Link>
      <Title />
      <div class="room-bar__state">
        <ReadOnlyMark />
        <SavePill />
      </div>
      <Tools />
      <People />
      <PanelToggles />
      <RoomMenu />
    </header>
  );
}

function Title() {
  const { store } = useRoom();
  const language = findLanguage(store.language.value).label;
  return (
    <div class="room-bar__title">
      <h1 data-tooltip={store.name.value}>{store.name.value || <Skeleton width="9rem" />}</h1>
      {store.entered.value && <span class="room-bar__language">{language}</span>}
    </div>
  );
}

function ReadOnlyMark() {
  const { store } = useRoom();
  return store.role.value === "viewer" ? (
    <Tooltip text="You are a viewer here: you can read and chat. An admin of the room can let you edit.">
      <span class="read-only">
        <Eye size={14} aria-hidden="true" />
        Read only
      </span>
    </Tooltip>
  ) : null;
}

function Tools() {
  const { store, ui } = useRoom();
  const editor = ui.editor.value;
  const canEdit = store.role.value !== "viewer" && !ui.history.value;
  return (
    <fieldset class="room-bar__tools" aria-label="Document">
      {canEdit && (
        <>
          <IconButton
            label="Undo"
            hint={`${modKey}Z`}
            icon={Undo2}
            disabled={!ui.canUndo.value}
            onClick={() => editor?.undo()}
          />
          <IconButton
            label="Redo"
            hint={`${modKey}⇧Z`}
            icon={Redo2}
            disabled={!ui.canRedo.value}
            onClick={() => editor?.redo()}
          />
        </>
      )}
      {!ui.history.value && (
        <IconButton
          label="Search"
          hint={`${modKey}F`}
          icon={Search}
          disabled={editor === null}
          onClick={() => editor?.openSearch()}
        />
      )}
      <IconButton
        label="History"
        icon={History}
        active={ui.history.value}
        disabled={!store.entered.value}
        onClick={() => {
          ui.history.value = !ui.history.value;
        }}
      />
    </fieldset>
  );
}

function People() {
  const { store, ui } = useRoom();
  const people = store.present.value.map((person) => ({
    id: person.userId,
    name: person.name,
    colour: solidColour(person),
    ...(person.status === "away" ? { status: person.status } : {}),
  }));
  return (
    <div class="room-bar__people">
      {people.length > 0 && <AvatarStack people={people} max={5} size="s" />}
      {store.rules && (
        <Button
          class="room-bar__invite"
          variant="primary"
          size="s"
          icon={UserPlus}
          onClick={() => {
            ui.dialog.value = "invite";
          }}
        >
          Invite
        </Button>
      )}
    </div>
  );
}

function PanelToggles() {
  const { store, ui } = useRoom();
  const unread = store.chat.unread.value;
  if (ui.history.value) return null; // it takes the panel's place too
  return (
    <fieldset class="room-bar__panels" aria-label="Panels">
      <IconButton
        label="People"
        hint={`${modKey}.`}
        icon={Users}
        active={ui.panel.value === "people"}
        onClick={() => ui.toggle("people")}
      />
      <IconButton
        label={unread === 0 ? "Chat" : `Chat, ${unread} unread`}
        icon={MessageSquare}
        badge={unread}
        active={ui.panel.value === "chat"}
        onClick={() => ui.toggle("chat")}
      />
    </fieldset>
  );
}
