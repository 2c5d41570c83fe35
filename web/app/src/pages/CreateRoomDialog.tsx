/** Making a room. */

import { Globe, Lock } from "lucide-preact";
import { useId, useState } from "preact/hooks";
import type { RoomDetails } from "../../../client/src/index.ts";
import { LANGUAGES } from "../../../editor/src/languages.ts";
import { request } from "../api.ts";
import { Button, Dialog, Field, Segmented, Select, TextArea, TextInput } from "../components/index.ts";
import { explain } from "../explain.ts";

const LONGEST_NAME = 100;
const LONGEST_DESCRIPTION = 2_000;

const ACCESS = [
  { value: "private", label: "Private", icon: Lock },
  { value: "public", label: "Public", icon: Globe },
] as const;
const ACCESS_NOTES = {
  private: "Only people you invite can see it.",
  public: "Listed, and open to anyone on this server.",
} as const;

const LANGUAGE_OPTIONS = LANGUAGES.map(({ id, label }) => ({ value: id, label }));

interface CreateRoomDialogProps {
  onClose: () => void;
  onCreated: (room: RoomDetails) => void;
}

export function CreateRoomDialog({ onClose, onCreated }: CreateRoomDialogProps) {
  const formId = useId();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [access, setAccess] = useState<"private" | "public">("private");
  const [language, setLanguage] = useState("text");
  const [nameError, setNameError] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (): Promise<void> => {
    if (name.trim() === "") {
      setNameError("Give the room a name.");
      return;
    }
    setBusy(true);
    setError("");
    try {
      const isPrivate = access === "private";
      const wanted = { name: name.trim(), description: description.trim(), private: isPrivate, language };
      onCreated(await request((rest) => rest.createRoom(wanted)));
    } catch (problem) {
      setError(explain(problem));
      setBusy(false);
    }
  };

  return (
    <Dialog
      title="New room"
      onClose={onClose}
      actions={
        <>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" form={formId} variant="primary" busy={busy}>
            Create room
          </Button>
        </>
      }
    >
      <form
        id={formId}
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <Field label="Name" {...(nameError ? { error: nameError } : {})}>
          <TextInput
            name="room-name"
            autoFocus
            maxLength={LONGEST_NAME}
            placeholder="Parser pairing"
            value={name}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setNameError("");
            }}
          />
        </Field>
        <Field label="Description" optional>
          <TextArea
            name="description"
            rows={2}
            maxLength={LONGEST_DESCRIPTION}
            value={description}
            onInput={(event) => setDescription(event.currentTarget.value)}
          />
        </Field>
        <Field label="Language" hint="For highlighting and for the downloaded file’s ending.">
          <Select value={language} options={LANGUAGE_OPTIONS} onChange={setLanguage} />
        </Field>
        <div class="field">
          <span class="field__label" aria-hidden="true">
            Who may enter
          </span>
          <Segmented label="Who may enter" value={access} options={ACCESS} onChange={setAccess} />
          <p class="field__note" aria-live="polite">
            {ACCESS_NOTES[access]}
          </p>
        </div>
        {error && (
          <p class="notice notice--error" role="alert">
            {error}
          </p>
        )}
      </form>
    </Dialog>
  );
}
