/** What components take as an icon: a Lucide component, drawn by the component at its own size. */

import type { LucideIcon } from "lucide-preact";

export type Icon = LucideIcon;

/** Pixel sizes of icons beside text of each control size. */
export const ICON_SIZE = { s: 14, m: 16, l: 20 } as const;
