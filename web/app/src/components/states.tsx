/** What stands where there is nothing yet: skeletons while loading, and empty states. */

import type { ComponentChildren } from "preact";
import type { Icon } from "./icon.ts";

/** A grey bar of the size of what is coming; the region around it says `aria-busy`. */
export function Skeleton({ width = "100%", height = "1em" }: { width?: string; height?: string }) {
  return <span class="skeleton" aria-hidden="true" style={{ width, height }} />;
}

export interface EmptyStateProps {
  icon: Icon;
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
}

export function EmptyState({ icon: IconShape, title, children, action }: EmptyStateProps) {
  return (
    <div class="empty">
      <span class="empty__icon">
        <IconShape size={22} strokeWidth={1.5} aria-hidden="true" />
      </span>
      <h2>{title}</h2>
      {children && <div class="empty__words">{children}</div>}
      {action}
    </div>
  );
}
