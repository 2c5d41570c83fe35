/** The bar above pages outside rooms: home, theme, and oneself. */

import { ChevronDown, LogOut, UserPen } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { request, session } from "../api.ts";
import { Avatar, Menu, ThemeToggle } from "../components/index.ts";
import { Wordmark } from "./Logo.tsx";
import { ProfileDialog } from "./ProfileDialog.tsx";

/** Before the server has told the user's colour. */
const PLAIN_COLOUR = "#5d5952";

export function AccountBar({ user }: { user: { id: string; name: string } }) {
  const [renaming, setRenaming] = useState(false);
  const colour = useOwnColour(user.id);
  return (
    <BarFrame>
      <Menu
        label="Account"
        items={[
          { label: "Change name…", icon: UserPen, onSelect: () => setRenaming(true) },
          "separator",
          { label: "Sign out", icon: LogOut, onSelect: () => session.signOut() },
        ]}
        trigger={(props) => (
          <button {...props} type="button" class="account-bar__user">
            <span aria-hidden="true" class="account-bar__avatar">
              <Avatar name={user.name} colour={colour} size="s" />
            </span>
            <span class="visually-hidden">Account: </span>
            <span class="account-bar__name">{user.name}</span>
            <ChevronDown size={14} aria-hidden="true" />
          </button>
        )}
      />
      {renaming && <ProfileDialog user={user} onClose={() => setRenaming(false)} />}
    </BarFrame>
  );
}

/** The bar of whoever it is: `children` stand at its end. */
export function BarFrame({ children }: { children: ComponentChildren }) {
  return (
    <header class="account-bar">
      <Link href="/" class="account-bar__home" aria-label="Rayrooms, your rooms">
        <Wordmark />
      </Link>
      <ThemeToggle />
      {children}
    </header>
  );
}

/** The colour that others see one in; only decoration here, so that a failure is no news. */
function useOwnColour(userId: string): string {
  const [colour, setColour] = useState(PLAIN_COLOUR);
  useEffect(() => {
    let wanted = true;
    request((rest) => rest.profile(userId)).then(
      (profile) => {
        if (wanted) setColour(profile.colour);
      },
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [userId]);
  return colour;
}
