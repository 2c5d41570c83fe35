/** A small sign that something is under way; the words beside it say what. */

import { LoaderCircle } from "lucide-preact";

export function Spinner({ size = 16, label }: { size?: number; label?: string }) {
  return (
    <span class="spinner" {...(label ? { role: "status" } : {})}>
      <LoaderCircle size={size} aria-hidden="true" />
      {label && <span class="visually-hidden">{label}</span>}
    </span>
  );
}
