/** Who wrote the text that is shown, and how much of it. */

import { authorColour } from "../colour.ts";
import { useRoom } from "../context.ts";
import type { HistoryStore } from "./historyStore.ts";
import { percent, sharesOf } from "./timeline.ts";

export function Legend({ history }: { history: HistoryStore }) {
  const { store } = useRoom();
  const log = history.history.value;
  if (log === null) return null;
  const shares = sharesOf(log.authorsAt(history.version.value));
  return (
    <ul class="legend" aria-label="Authors of this text">
      {shares.map(({ userId, share }) => (
        <li key={userId}>
          <span class="legend__dot" style={{ backgroundColor: authorColour(store, userId) }} />
          <span class="legend__name">{userId === store.userId ? "You" : store.nameOf(userId)}</span>
          <span class="legend__share">{percent(share)}</span>
        </li>
      ))}
    </ul>
  );
}
