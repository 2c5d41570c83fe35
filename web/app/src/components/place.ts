/** Where a floating box goes beside its anchor, so that all of it is in sight. Pure geometry, in CSS pixels. */

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Placement {
  left: number;
  top: number;
}

const GAP = 6;
const MARGIN = 8;

/** Prefers `side`, turns to the other one when there is no room, and is pushed in from the edges of the viewport. */
export function place(
  anchor: Box,
  box: Size,
  viewport: Size,
  { side, align }: { side: "above" | "below"; align: "start" | "centre" | "end" },
): Placement {
  const above = anchor.top - GAP - box.height;
  const below = anchor.top + anchor.height + GAP;
  const fitsAbove = above >= MARGIN;
  const fitsBelow = below + box.height <= viewport.height - MARGIN;
  const goesAbove = side === "above" ? fitsAbove || !fitsBelow : fitsAbove && !fitsBelow;
  const spare = anchor.width - box.width;
  const left = anchor.left + (align === "start" ? 0 : align === "end" ? spare : spare / 2);
  return {
    left: clamp(left, MARGIN, viewport.width - MARGIN - box.width),
    top: clamp(goesAbove ? above : below, MARGIN, viewport.height - MARGIN - box.height),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
