/** People as discs with their initials in their colour. */

import type { Status } from "../../../client/src/protocol.ts";
import { initials } from "../format.ts";

export interface AvatarProps {
  name: string;
  /** `#rrggbb`, dark enough for white letters, as the server gives them. */
  colour: string;
  status?: Status;
  size?: "s" | "m" | "l";
}

const STATUS_WORDS: Record<Status, string> = { online: "online", away: "away", offline: "offline" };

/** A picture of its person, named so; where the name stands beside it anyway, hide it from screen readers there. */
export function Avatar({ name, colour, status, size = "m" }: AvatarProps) {
  const label = status ? `${name}, ${STATUS_WORDS[status]}` : name;
  return (
    <span class={`avatar avatar--${size}`} role="img" aria-label={label} style={{ "--avatar-colour": colour }}>
      <span aria-hidden="true">{initials(name)}</span>
      {status && <span class={`avatar__status avatar__status--${status}`} />}
    </span>
  );
}

export interface AvatarStackProps {
  people: readonly (AvatarProps & { id: string })[];
  /** How many at most; the rest become a number. */
  max?: number;
  size?: "s" | "m" | "l";
}

export function AvatarStack({ people, max = 4, size = "m" }: AvatarStackProps) {
  const shown = people.length > max ? people.slice(0, max - 1) : people;
  const rest = people.slice(shown.length);
  return (
    <ul class="avatar-stack" aria-label="Present">
      {shown.map(({ id, ...person }) => (
        <li key={id} data-tooltip={person.name}>
          <Avatar {...person} size={size} />
        </li>
      ))}
      {rest.length > 0 && (
        <li data-tooltip={rest.map((person) => person.name).join(", ")}>
          <span class={`avatar avatar--${size} avatar--more`} role="img" aria-label={`and ${rest.length} more`}>
            <span aria-hidden="true">+{rest.length}</span>
          </span>
        </li>
      )}
    </ul>
  );
}
