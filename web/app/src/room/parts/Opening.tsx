/** A room before its text is here: the shape of what is coming. */

import { Skeleton, Spinner } from "../../components/index.ts";

const LINES = ["38%", "64%", "52%", "0", "71%", "45%", "58%", "33%", "0", "66%", "49%"] as const;

/** `isSlow`: the answer is later than usual. */
export function Opening({ isSlow = false }: { isSlow?: boolean }) {
  return (
    <main class="room room--opening" id="main" tabIndex={-1} aria-busy="true">
      <div class="room-bar">
        <Skeleton width="10rem" height="1.1rem" />
        <span class="room-opening__state" role="status">
          <Spinner size={14} />
          {isSlow ? "No answer yet. Trying again…" : "Opening the room…"}
        </span>
      </div>
      <div class="room-opening__lines">
        {LINES.map((width, index) => (
          <Skeleton key={index} width={width} height="0.8rem" />
        ))}
      </div>
    </main>
  );
}
