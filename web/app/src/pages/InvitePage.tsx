/** Where an invitation link leads: who invites to what, signing in if need be, and in. */

import { ArrowRight } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { RayroomsError } from "../../../client/src/errors.ts";
import { RestClient } from "../../../client/src/rest/client.ts";
import { request, session } from "../api.ts";
import { Button, ProblemPage, Spinner, ThemeToggle } from "../components/index.ts";
import { explain } from "../explain.ts";
import { momentOf, timeLeft } from "../format.ts";
import { fragmentToken, roomPath } from "../routes.ts";
import { useTitle } from "../title.ts";
import { invitationProblem } from "./invitationProblem.ts";
import { Logo, Wordmark } from "./Logo.tsx";
import { SignInForm } from "./SignInForm.tsx";

type Preview = Awaited<ReturnType<RestClient["previewInvitation"]>>;
type Shown = { phase: "looking" } | { phase: "found"; preview: Preview } | { phase: "problem"; error: unknown };

export function InvitePage() {
  const token = useFragmentToken();
  const [attempt, setAttempt] = useState(0);
  if (token === null) return <ProblemPage kind="invitation" />;
  return <Invitation key={`${attempt} ${token}`} token={token} onRetry={() => setAttempt(attempt + 1)} />;
}

function Invitation({ token, onRetry }: { token: string; onRetry: () => void }) {
  const [shown, setShown] = useState<Shown>({ phase: "looking" });
  useEffect(() => {
    let wanted = true;
    new RestClient(location.origin).previewInvitation(token).then(
      (preview) => wanted && setShown({ phase: "found", preview }),
      (error: unknown) => wanted && setShown({ phase: "problem", error }),
    );
    return () => {
      wanted = false;
    };
  }, [token]);

  switch (shown.phase) {
    case "looking":
      return <Looking />;
    case "problem":
      return <Refusal error={shown.error} onRetry={onRetry} />;
    case "found":
      return (
        <Offer token={token} preview={shown.preview} onProblem={(error) => setShown({ phase: "problem", error })} />
      );
  }
}

function Looking() {
  useTitle("Invitation");
  return (
    <main class="opening" id="main" tabIndex={-1}>
      <Spinner size={20} label="Looking up the invitation" />
    </main>
  );
}

function Refusal({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const detail = error instanceof RayroomsError ? invitationProblem(error.code) : null;
  if (detail !== null) return <ProblemPage kind="invitation" detail={detail} />;
  return <ProblemPage kind="away" detail={explain(error)} onRetry={onRetry} />;
}

interface OfferProps {
  token: string;
  preview: Preview;
  /** The invitation was lost between looking and accepting. */
  onProblem: (error: unknown) => void;
}

function Offer({ token, preview, onProblem }: OfferProps) {
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const user = session.user.value;
  const expires = new Date(preview.expires_at);
  useTitle(`Invitation to ${preview.room_name}`);

  const accept = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      const { room_id } = await request((rest) => rest.acceptInvitation(token));
      navigate(roomPath(room_id), { replace: true }); // the token leaves the address bar and the history
    } catch (problem) {
      if (problem instanceof RayroomsError && invitationProblem(problem.code) !== null) onProblem(problem);
      setError(explain(problem));
      setBusy(false);
    }
  };

  return (
    <div class="entrance">
      <header class="entrance__head">
        <Wordmark />
        <ThemeToggle />
      </header>
      <main class="invitation" id="main" tabIndex={-1}>
        <div class="invitation__card">
          <Logo size={40} />
          <h1>
            {preview.invited_by} invites you to <em>{preview.room_name}</em>
          </h1>
          <p class="invitation__role">
            {ROLE_NOTES[preview.role]} The link expires{" "}
            <time dateTime={preview.expires_at} title={momentOf(expires)}>
              {timeLeft(expires, new Date())}
            </time>
            .
          </p>
          {user ? (
            <>
              <Button variant="primary" busy={busy} onClick={() => void accept()}>
                Enter the room
                <ArrowRight size={16} aria-hidden="true" />
              </Button>
              <p class="invitation__as">
                As <strong>{user.name}</strong>.{" "}
                <button type="button" class="link" onClick={() => session.signOut()}>
                  Not you?
                </button>
              </p>
            </>
          ) : (
            <SignInForm />
          )}
          {error && (
            <p class="notice notice--error" role="alert">
              {error}
            </p>
          )}
        </div>
      </main>
    </div>
  );
}

const ROLE_NOTES: Record<Preview["role"], string> = {
  admin: "As an admin you can edit, and manage its members.",
  member: "As a member you can edit and chat.",
  viewer: "As a viewer you can read along and chat.",
};

/** The token in the address; another link may be opened over this one without a new page. */
function useFragmentToken(): string | null {
  const [token, setToken] = useState(() => fragmentToken(location.hash));
  useEffect(() => {
    const look = (): void => setToken(fragmentToken(location.hash));
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return token;
}
