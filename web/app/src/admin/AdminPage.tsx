/** The server live, for those who run it: its parts, machines, gateways and rooms. Nothing of what is in a room. */

import { useComputed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { session } from "../api.ts";
import { Button, ProblemPage, Spinner } from "../components/index.ts";
import { explain } from "../explain.ts";
import { AccountBar, BarFrame } from "../pages/AccountBar.tsx";
import { useTitle } from "../title.ts";
import { asAdmin, isRefusal, pass } from "./access.ts";
import { summary } from "./figures.ts";
import { Overview } from "./overview.ts";
import { Gateways } from "./parts/Gateways.tsx";
import { Nodes } from "./parts/Nodes.tsx";
import { Rooms } from "./parts/Rooms.tsx";
import { Totals } from "./parts/Totals.tsx";
import { refusalWords } from "./refusal.ts";
import "./styles/admin.css";

export interface AdminPageProps {
  /** Whether they came by an admin link, and not as somebody signed in. */
  byLink: boolean;
}

export function AdminPage({ byLink }: AdminPageProps) {
  const overview = useOverview();
  const refused = overview.refused.value;
  useTitle(refused ? null : "Server");
  if (refused) return <Refused />;
  return (
    <>
      <Bar byLink={byLink} />
      <main class="admin" id="main" tabIndex={-1}>
        <Content overview={overview} />
      </main>
    </>
  );
}

function Content({ overview }: { overview: Overview }) {
  const seen = overview.seen.value;
  const error = overview.error.value;
  // Read out when it changes, and not with every look.
  const health = useComputed(() => (overview.seen.value === null ? "" : summary(overview.seen.value.status.health)));
  return (
    <>
      <header class="admin__head">
        <h1>Server</h1>
        <p role="status" class="admin__summary">
          {health.value}
        </p>
      </header>
      {error !== null && (
        <p class="notice notice--error" role="alert">
          {explain(error)} {seen && `What stands here is from ${timeOf(seen.at)}.`}
        </p>
      )}
      {seen === null ? (
        error === null && <Spinner size={20} label="Looking at the server" />
      ) : (
        <>
          <Totals status={seen.status} />
          <Nodes status={seen.status} onChanged={() => overview.again()} />
          <Gateways status={seen.status} />
          <Rooms overview={overview} seen={seen} />
        </>
      )}
    </>
  );
}

function Refused() {
  return <ProblemPage kind="not-yours" detail={refusalWords(session.user.value, pass.ended.value)} />;
}

function Bar({ byLink }: AdminPageProps) {
  const user = session.user.value;
  if (!byLink && user !== null) return <AccountBar user={user} />;
  return (
    <BarFrame>
      {byLink && (
        <Button variant="ghost" size="s" onClick={() => pass.giveUp()}>
          Leave
        </Button>
      )}
    </BarFrame>
  );
}

/** It looks while the page is in sight. */
function useOverview(): Overview {
  const overview = useMemo(
    () =>
      new Overview({
        status: () => asAdmin((admin) => admin.status()),
        rooms: (query) => asAdmin((admin) => admin.allRooms(query)),
        after: (ms, callback) => {
          const timer = setTimeout(callback, ms);
          return () => clearTimeout(timer);
        },
        now: Date.now,
        isRefusal,
      }),
    [],
  );
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState === "visible") overview.start();
      else overview.stop();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      overview.stop();
    };
  }, [overview]);
  return overview;
}

function timeOf(at: number): string {
  return new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }).format(at);
}
