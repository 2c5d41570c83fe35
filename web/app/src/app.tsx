/** The frame of all pages: which page an address means, who must be signed in for it, and what floats above. */

import { useEffect, useRef } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { session } from "./api.ts";
import { ProblemPage, Toasts, TooltipLayer } from "./components/index.ts";
import { AdminGate } from "./pages/AdminGate.tsx";
import { InvitePage } from "./pages/InvitePage.tsx";
import { RoomGate } from "./pages/RoomGate.tsx";
import { RoomsPage } from "./pages/RoomsPage.tsx";
import { SignInPage } from "./pages/SignInPage.tsx";
import { parseRoute, type Route } from "./routes.ts";

export function App() {
  const [path] = useLocation();
  useFocusOnNewPage(path);
  return (
    <>
      <SkipLink />
      <Page route={parseRoute(path)} />
      <Toasts />
      <TooltipLayer />
    </>
  );
}

function Page({ route }: { route: Route }) {
  const user = session.user.value;
  switch (route.page) {
    case "lost":
      return <ProblemPage kind="lost" />;
    case "invite":
      return <InvitePage />;
    case "admin":
      return <AdminGate />;
    case "rooms":
      return user ? <RoomsPage key={user.id} user={user} /> : <SignInPage />;
    case "room":
      return user ? (
        <RoomGate key={`${user.id} ${route.roomId}`} roomId={route.roomId} />
      ) : (
        <SignInPage purpose="Sign in to enter the room." />
      );
  }
}

/** A link would put its target into the fragment, which is where invitations stand: this one only moves the focus. */
function SkipLink() {
  return (
    <button type="button" class="skip-link" onClick={() => document.getElementById("main")?.focus()}>
      Skip to content
    </button>
  );
}

/** Screen readers and the keyboard go on from the top of a page that was navigated to. */
function useFocusOnNewPage(path: string): void {
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    window.scrollTo(0, 0);
    if (document.activeElement === null || document.activeElement === document.body) {
      document.getElementById("main")?.focus({ preventScroll: true });
    }
  }, [path]);
}
