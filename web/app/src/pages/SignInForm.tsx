/** Signing in by name. */

import { ArrowRight } from "lucide-preact";
import { useState } from "preact/hooks";
import { session } from "../api.ts";
import { Button, Field, TextInput } from "../components/index.ts";
import { explain } from "../explain.ts";

/** As long as the server takes names. */
export const LONGEST_NAME = 100;

export function SignInForm({ action = "Continue" }: { action?: string }) {
  const [name, setName] = useState(session.lastName);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (): Promise<void> => {
    if (name.trim() === "") {
      setError("Enter the name that others should see.");
      return;
    }
    setBusy(true);
    setError("");
    try {
      await session.signIn(name.trim());
    } catch (problem) {
      setError(explain(problem));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      class="sign-in-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void submit();
      }}
    >
      <Field label="Your name" {...(error ? { error } : { hint: "Others see it beside your cursor." })}>
        <TextInput
          name="name"
          autocomplete="name"
          autoFocus
          maxLength={LONGEST_NAME}
          placeholder="Ada Lovelace"
          value={name}
          onInput={(event) => {
            setName(event.currentTarget.value);
            setError("");
          }}
        />
      </Field>
      <Button type="submit" variant="primary" busy={busy}>
        {action}
        <ArrowRight size={16} aria-hidden="true" />
      </Button>
    </form>
  );
}
