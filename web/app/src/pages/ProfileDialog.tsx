/** Changing one's name. */

import { useId, useState } from "preact/hooks";
import { request, session } from "../api.ts";
import { Button, Dialog, Field, TextInput, toast } from "../components/index.ts";
import { explain } from "../explain.ts";
import { LONGEST_NAME } from "./SignInForm.tsx";

interface ProfileDialogProps {
  user: { id: string; name: string };
  onClose: () => void;
}

export function ProfileDialog({ user, onClose }: ProfileDialogProps) {
  const formId = useId();
  const [name, setName] = useState(user.name);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (): Promise<void> => {
    if (name.trim() === "") {
      setError("Enter the name that others should see.");
      return;
    }
    setBusy(true);
    try {
      const profile = await request((rest) => rest.updateProfile(user.id, { name: name.trim() }));
      await session.renamed(profile.name);
      toast(`You are now called ${profile.name}.`, { kind: "success" });
      onClose();
    } catch (problem) {
      setError(explain(problem));
      setBusy(false);
    }
  };

  return (
    <Dialog
      title="Your name"
      onClose={onClose}
      actions={
        <>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" form={formId} variant="primary" busy={busy}>
            Save
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
        <Field label="Name" {...(error ? { error } : { hint: "Rooms that you enter from now on show it." })}>
          <TextInput
            name="name"
            autocomplete="name"
            autoFocus
            maxLength={LONGEST_NAME}
            value={name}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setError("");
            }}
          />
        </Field>
      </form>
    </Dialog>
  );
}
