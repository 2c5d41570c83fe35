/** In place of a view that has no room: what happened, in plain words, and what one can do now. */

import { CircleAlert, CloudOff, KeyRound, RotateCw, SearchX, UserRound } from "lucide-preact";
import { Button } from "../../../app/src/components/Button.tsx";
import type { Icon } from "../../../app/src/components/icon.ts";
import type { RayroomsError } from "../../../client/src/errors.ts";

export interface ProblemProps {
  title: string;
  detail: string;
  icon?: Icon;
  onRetry?: () => void;
  /** What the view last knew of the document, to be taken along. */
  text?: string | null;
}

export function Problem({ title, detail, icon: IconShape = CircleAlert, onRetry, text = null }: ProblemProps) {
  return (
    <section class="problem" aria-label={title}>
      <span class="problem__icon">
        <IconShape size={20} strokeWidth={1.5} aria-hidden="true" />
      </span>
      <h2>{title}</h2>
      <p role="status">{detail}</p>
      {onRetry && (
        <Button size="s" icon={RotateCw} onClick={onRetry}>
          Try again
        </Button>
      )}
      {text !== null && text !== "" && (
        <details class="problem__text">
          <summary>The text as you last saw it</summary>
          <pre>{text}</pre>
        </details>
      )}
    </section>
  );
}

/** What to show of why a room is not open: the detail is the server's own sentence where that says enough. */
export function problemOf({
  code,
  status,
  message: detail,
}: Pick<RayroomsError, "code" | "status" | "message">): Required<Pick<ProblemProps, "title" | "icon" | "detail">> {
  switch (code) {
    case "room_not_found": {
      const ask = "Or it is private: then ask someone who is in it to add you, and try again.";
      return { title: "There is no such room", icon: SearchX, detail: ask };
    }
    case "room_full":
      return { title: "This room is full", icon: UserRound, detail };
    case "bad_token":
    case "guests_disabled":
      return { title: "The room server does not know you", icon: KeyRound, detail };
    case "misconfigured":
      return { title: "Jupyter is not set up for this", icon: KeyRound, detail };
  }
  return status !== null && status < 500
    ? { title: "This room cannot be opened", icon: CircleAlert, detail }
    : { title: "The room server cannot be reached", icon: CloudOff, detail };
}
