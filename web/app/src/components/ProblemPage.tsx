/** Whole pages for what went wrong: what happened, in plain words, and what one can do now. */

import {
  CloudOff,
  KeyRound,
  LinkIcon,
  Lock,
  LogIn,
  RefreshCw,
  RotateCw,
  SearchX,
  Trash2,
  UserRound,
} from "lucide-preact";
import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import { useTitle } from "../title.ts";
import { Button } from "./Button.tsx";
import type { Icon } from "./icon.ts";

export type ProblemKind =
  | "no-access"
  | "not-found"
  | "gone"
  | "away"
  | "full"
  | "signed-out"
  | "outdated"
  | "invitation"
  | "not-yours"
  | "lost";

export interface ProblemPageProps {
  kind: ProblemKind;
  /** A sentence that says more: the server's own, say. It takes the place of ours. */
  detail?: string;
  /** Try again (or sign in again, for `signed-out`). */
  onRetry?: () => void;
  /** Whether a retry is under way. */
  busy?: boolean;
  /** Further things that one can do. */
  children?: ComponentChildren;
}

interface Problem {
  icon: Icon;
  title: string;
  detail: string;
  retry: { label: string; icon: Icon };
}

const AGAIN = { label: "Try again", icon: RotateCw } as const;

const PROBLEMS: Record<ProblemKind, Problem> = {
  "no-access": {
    icon: Lock,
    title: "This room is not open to you",
    detail: "Ask someone who is in it for an invitation link.",
    retry: AGAIN,
  },
  "not-found": {
    icon: SearchX,
    title: "There is no such room",
    detail:
      "Or it is private and you are not one of its members: ask someone who is in it for an invitation link. " +
      "Perhaps the address was cut short.",
    retry: AGAIN,
  },
  gone: {
    icon: Trash2,
    title: "This room is gone",
    detail: "Its owner deleted it, or it is private and you are no longer one of its members.",
    retry: AGAIN,
  },
  away: {
    icon: CloudOff,
    title: "The server cannot be reached",
    detail: "Your connection may be down, or the server is restarting. What you wrote is kept in this browser.",
    retry: AGAIN,
  },
  full: {
    icon: UserRound,
    title: "This room is full",
    detail: "As many people as it admits are in it now. Try again when someone has left.",
    retry: AGAIN,
  },
  "signed-out": {
    icon: KeyRound,
    title: "You have been signed out",
    detail: "Your sign-in has ended. Sign in again and you come back to this page.",
    retry: { label: "Sign in", icon: LogIn },
  },
  outdated: {
    icon: RefreshCw,
    title: "This page is out of date",
    detail: "The server has been renewed since this page was opened. Reload it to go on.",
    retry: { label: "Reload the page", icon: RefreshCw },
  },
  invitation: {
    icon: LinkIcon,
    title: "This invitation does not work",
    detail: "The link may have been cut short. Ask for a new one.",
    retry: AGAIN,
  },
  "not-yours": {
    icon: Lock,
    title: "This page is for those who run the server",
    detail: "Everybody else finds their rooms on the first page.",
    retry: AGAIN,
  },
  lost: {
    icon: SearchX,
    title: "There is nothing here",
    detail: "No page has this address.",
    retry: AGAIN,
  },
};

export function ProblemPage({ kind, detail, onRetry, busy = false, children }: ProblemPageProps) {
  const problem = PROBLEMS[kind];
  const IconShape = problem.icon;
  useTitle(problem.title);
  return (
    <main class="problem" id="main" tabIndex={-1}>
      <span class="problem__icon">
        <IconShape size={28} strokeWidth={1.5} aria-hidden="true" />
      </span>
      <h1>{problem.title}</h1>
      <p role="status">{detail ?? problem.detail}</p>
      <div class="problem__actions">
        {onRetry && (
          <Button variant="primary" icon={problem.retry.icon} busy={busy} onClick={onRetry}>
            {problem.retry.label}
          </Button>
        )}
        <Link href="/" class={`button button--m ${onRetry ? "button--ghost" : "button--primary"}`}>
          <span class="button__label">Go to your rooms</span>
        </Link>
        {children}
      </div>
    </main>
  );
}
