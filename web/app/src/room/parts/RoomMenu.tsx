/** Everything else that one can do with a room: its text as a file, its link, how it looks, and leaving it. */

import { Download, Ellipsis, Keyboard, Link2, LogOut, Trash2, Upload } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { ConfirmDialog } from "../../components/ConfirmDialog.tsx";
import { IconButton, Menu, type MenuItem, themeItems, toast } from "../../components/index.ts";
import { explain } from "../../explain.ts";
import { useRoom } from "../context.ts";
import { download } from "../download.ts";
import { readText, tooLarge } from "../logic/textFile.ts";

interface TextFile {
  name: string;
  text: string;
}

export function RoomMenu() {
  const { store, ui } = useRoom();
  const input = useRef<HTMLInputElement>(null);
  const [upload, setUpload] = useState<TextFile | null>(null);

  const take = ({ name, text }: TextFile): void => {
    setUpload(null);
    try {
      store.room.setText(text);
      toast(`The document is now the text of ${name}.`, {
        kind: "success",
        action: { label: "Undo", onSelect: () => ui.editor.value?.undo() },
      });
    } catch (error) {
      toast(explain(error), { kind: "error" });
    }
  };
  const choose = async (file: File): Promise<void> => {
    const read = await readFile(file);
    if (!read.ok) {
      toast(read.reason, { kind: "error" });
    } else if (store.room.text === "") {
      take({ name: file.name, text: read.text });
    } else {
      setUpload({ name: file.name, text: read.text });
    }
  };

  const canEdit = store.role.value !== null && store.role.value !== "viewer";
  const items: (MenuItem | "separator")[] = [
    { label: "Copy link to this room", icon: Link2, onSelect: () => void copyLink(store.isPrivate.value === true) },
    {
      label: "Download as text",
      icon: Download,
      disabled: !store.entered.value,
      onSelect: () => download(store.name.value, store.language.value, store.room.text),
    },
    { label: "Upload text from file…", icon: Upload, disabled: !canEdit, onSelect: () => input.current?.click() },
    "separator",
    ...themeItems(),
    "separator",
    { label: "Keyboard shortcuts", icon: Keyboard, hint: "?", onSelect: () => ask("shortcuts") },
    "separator",
    store.role.value === "owner"
      ? { label: "Delete room…", icon: Trash2, danger: true, onSelect: () => ask("delete") }
      : {
          label: "Leave room…",
          icon: LogOut,
          danger: true,
          disabled: !store.entered.value,
          onSelect: () => ask("leave"),
        },
  ];
  const ask = (dialog: "shortcuts" | "delete" | "leave"): void => {
    ui.dialog.value = dialog;
  };

  return (
    <div class="room-bar__menu">
      <Menu label="Room" items={items} trigger={(props) => <IconButton {...props} label="More" icon={Ellipsis} />} />
      <input
        ref={input}
        type="file"
        hidden
        aria-label="Text file to upload"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = ""; // the same file may be chosen again
          if (file !== undefined) void choose(file);
        }}
      />
      {upload !== null && (
        <ConfirmDialog
          title={`Replace the document by ${upload.name}?`}
          confirm="Replace"
          onConfirm={() => take(upload)}
          onClose={() => setUpload(null)}
        >
          <p>
            Everyone in the room gets the file's text in place of what is there now. You can undo it, and the history
            keeps both.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}

async function readFile(file: File): Promise<ReturnType<typeof readText>> {
  const reason = tooLarge(file.size);
  if (reason !== null) {
    return { ok: false, reason };
  }
  try {
    return readText(new Uint8Array(await file.arrayBuffer()));
  } catch {
    return { ok: false, reason: "This file could not be read." };
  }
}

async function copyLink(isPrivate: boolean): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    toast(isPrivate ? "Link copied. It opens for members only." : "Link copied.", { kind: "success" });
  } catch {
    toast("Your browser does not let this page copy. The link is in its address bar.", { kind: "error" });
  }
}
