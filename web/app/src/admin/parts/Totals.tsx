/** How the parts of the server are, and how much of what there is. */

import { CircleAlert, CircleCheck } from "lucide-preact";
import type { ClusterStatus, PartHealth } from "../bodies.ts";
import { count, NO_ANSWER, partWords } from "../figures.ts";

const PARTS = [
  ["database", "Database"],
  ["directory", "Directory"],
  ["ingress", "Ingress"],
] as const;

export function Totals({ status }: { status: ClusterStatus }) {
  return (
    <section aria-label="The whole">
      <dl class="admin-totals">
        {PARTS.map(([part, label]) => (
          <Part key={part} label={label} part={status.health.parts[part]} />
        ))}
        <Figure label="Rooms awake" value={awake(status)} />
        <Figure label="Sockets" value={count(status.sockets)} />
        <Figure label="Records waiting" value={String(status.backlog_records)} />
      </dl>
    </section>
  );
}

function Part({ label, part }: { label: string; part: PartHealth }) {
  const IconShape = part.status === "ok" ? CircleCheck : CircleAlert;
  return (
    <div class="admin-totals__one">
      <dt>{label}</dt>
      <dd class={`admin-totals__part admin-totals__part--${part.status}`}>
        <IconShape size={16} aria-hidden="true" />
        {partWords(part)}
      </dd>
    </div>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div class="admin-totals__one">
      <dt>{label}</dt>
      <dd class="admin-totals__figure">{value}</dd>
    </div>
  );
}

function awake({ rooms_awake, rooms_stored }: ClusterStatus): string {
  if (rooms_awake === null && rooms_stored === null) return NO_ANSWER;
  return `${rooms_awake ?? "?"} of ${rooms_stored ?? "?"}`;
}
