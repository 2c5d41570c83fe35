/** Inviting people: a link that gives a role for a while, and the links that are open now. */

import { Check, Copy, Link2, UserPlus } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { GrantedRole, ListedInvitation } from "../../../../client/src/index.ts";
import { Avatar, Button, Dialog, Field, Select, Skeleton, TextInput, toast } from "../../components/index.ts";
import { explain } from "../../explain.ts";
import { timeLeft } from "../../format.ts";
import { solidColour } from "../colour.ts";
import { useRoom } from "../context.ts";

const DAY = 24 * 60 * 60;
const EXPIRIES = [
  { value: String(DAY / 24), label: "1 hour" },
  { value: String(DAY), label: "1 day" },
  { value: String(7 * DAY), label: "7 days" },
  { value: String(30 * DAY), label: "30 days" },
] as const;
const ROLES: readonly { value: GrantedRole; label: string }[] = [
  { value: "member", label: "Member: can edit" },
  { value: "viewer", label: "Viewer: can read and chat" },
  { value: "admin", label: "Admin: can also invite and manage" },
];

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const { store } = useRoom();
  const [open, setOpen] = useState<readonly ListedInvitation[] | null>(null);
  const read = async (): Promise<void> => {
    try {
      setOpen((await store.rest.invitations(store.room.roomId)).items);
    } catch {
      setOpen([]);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the dialog opens.
  useEffect(() => void read(), []);
  return (
    <Dialog title={`Invite people to ${store.name.value}`} onClose={onClose} wide>
      <div class="invite">
        <NewLink onMade={() => void read()} />
        <OpenInvitations invitations={open} onRevoked={() => void read()} />
        <Members />
      </div>
    </Dialog>
  );
}

function NewLink({ onMade }: { onMade: () => void }) {
  const { store } = useRoom();
  const [role, setRole] = useState<GrantedRole>("member");
  const [expiry, setExpiry] = useState<string>(String(7 * DAY));
  const [link, setLink] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const make = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const { path } = await store.rest.invite(store.room.roomId, { role, expires_in: Number(expiry) });
      setLink(new URL(path, location.origin).href);
      onMade();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };
  const roles = store.role.value === "owner" ? ROLES : ROLES.filter((one) => one.value !== "admin");
  return (
    <section class="invite__new" aria-label="New link">
      <div class="invite__choices">
        <Field label="They join as">
          <Select value={role} options={roles} onChange={setRole} />
        </Field>
        <Field label="The link works for">
          <Select value={expiry} options={EXPIRIES} onChange={setExpiry} />
        </Field>
        <Button variant={link === null ? "primary" : "secondary"} icon={Link2} busy={busy} onClick={() => void make()}>
          {link === null ? "Create link" : "Create another"}
        </Button>
      </div>
      {problem !== null && (
        <p class="form-problem" role="alert">
          {problem}
        </p>
      )}
      {link !== null && <LinkToCopy link={link} />}
    </section>
  );
}

function LinkToCopy({ link }: { link: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another link has not been copied yet.
  useEffect(() => {
    setCopied(false);
    input.current?.select();
  }, [link]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
    } catch {
      input.current?.select();
      toast("Your browser does not let this page copy. The link is selected: copy it by keyboard.", { kind: "error" });
    }
  };
  return (
    <div class="invite__link">
      <TextInput
        innerRef={input}
        readOnly
        value={link}
        aria-label="Invitation link"
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button variant="primary" icon={copied ? Check : Copy} onClick={() => void copy()}>
        {copied ? "Copied" : "Copy"}
      </Button>
      <p class="invite__note" role="status">
        {copied ? "Copied. Send it to whom you want in." : "Whoever has this link can join. It is shown only now."}
      </p>
    </div>
  );
}

function OpenInvitations({
  invitations,
  onRevoked,
}: {
  invitations: readonly ListedInvitation[] | null;
  onRevoked: () => void;
}) {
  const { store } = useRoom();
  const revoke = async (id: string): Promise<void> => {
    try {
      await store.rest.revokeInvitation(store.room.roomId, id);
    } catch (error) {
      toast(explain(error), { kind: "error" });
    }
    onRevoked();
  };
  if (invitations?.length === 0) {
    return null;
  }
  const now = new Date();
  return (
    <section aria-busy={invitations === null}>
      <h3>Open invitations</h3>
      <ul class="invite__list">
        {invitations === null ? (
          <li>
            <Skeleton height="2rem" />
          </li>
        ) : (
          invitations.map((one) => (
            <li key={one.invitation_id}>
              <UserPlus size={16} aria-hidden="true" />
              <span>
                As {one.role} · ends {timeLeft(new Date(one.expires_at), now)} ·{" "}
                {one.uses === 0 ? "not used yet" : `used ${one.uses === 1 ? "once" : `${one.uses} times`}`}
              </span>
              <Button size="s" variant="ghost" onClick={() => void revoke(one.invitation_id)}>
                Revoke
                <span class="visually-hidden"> the invitation as {one.role}</span>
              </Button>
            </li>
          ))
        )}
      </ul>
    </section>
  );
}

function Members() {
  const { store } = useRoom();
  return (
    <section>
      <h3>Members</h3>
      <ul class="invite__list">
        {store.people.value.map((person) => (
          <li key={person.userId}>
            <span aria-hidden="true">
              <Avatar name={person.name} colour={solidColour(person)} size="s" />
            </span>
            <span>
              {person.name}
              {person.isYou && " (you)"}
            </span>
            <span class="invite__role">{person.role}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
