/** Loads the room page: the editor is large, and only rooms need it. */

import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { ProblemPage, Spinner } from "../components/index.ts";
import { useTitle } from "../title.ts";

const RoomPage = signal<FunctionComponent<{ roomId: string }> | null>(null);
const failed = signal(false);

/** Begin to load the room page, before someone goes there. */
export async function loadRoomPage(): Promise<void> {
  try {
    const module = await import("../room/RoomPage.tsx");
    RoomPage.value = module.RoomPage;
  } catch {
    failed.value = true;
  }
}

export function RoomGate({ roomId }: { roomId: string }) {
  useEffect(() => {
    if (RoomPage.peek() === null) void loadRoomPage();
  }, []);
  if (RoomPage.value !== null) return <RoomPage.value roomId={roomId} />;
  // A module that failed to load is not asked for again in this page, and a newer build may have replaced it.
  if (failed.value) return <ProblemPage kind="away" onRetry={() => location.reload()} />;
  return <Opening />;
}

function Opening() {
  useTitle(null);
  return (
    <main class="opening" id="main" tabIndex={-1}>
      <Spinner size={20} label="Opening the room" />
    </main>
  );
}
