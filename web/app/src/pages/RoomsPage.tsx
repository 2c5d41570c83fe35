/** One's own rooms and the public ones: search, make, enter, leave, delete. */

import { CloudOff, DoorOpen, Globe, Plus, Search, SearchX } from "lucide-preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import type { RoomSummary } from "../../../client/src/index.ts";
import { request } from "../api.ts";
import { Button, EmptyState, Segmented, Skeleton, TextInput } from "../components/index.ts";
import { explain } from "../explain.ts";
import { RoomList, type RoomQuery } from "../roomList.ts";
import { roomPath } from "../routes.ts";
import { useTitle } from "../title.ts";
import { AccountBar } from "./AccountBar.tsx";
import { CreateRoomDialog } from "./CreateRoomDialog.tsx";
import { loadRoomPage } from "./RoomGate.tsx";
import { RoomRow } from "./RoomRow.tsx";

const PAGE_SIZE = 30;
const SEARCH_PAUSE_MS = 250;
const LONGEST_SEARCH = 200;

const SCOPES = [
  { value: "mine", label: "My rooms" },
  { value: "public", label: "Public" },
] as const;

export function RoomsPage({ user }: { user: { id: string; name: string } }) {
  const [, navigate] = useLocation();
  const [scope, setScope] = useState<RoomQuery["scope"]>("mine");
  const [search, setSearch] = useState("");
  const [creating, setCreating] = useState(false);
  const list = useMemo(() => new RoomList<RoomSummary>(fetchRooms), []);
  useTitle("Rooms");
  useSearch(list, scope, search);
  useEffect(() => {
    const idle = setTimeout(() => void loadRoomPage(), 1_000);
    return () => clearTimeout(idle);
  }, []);

  return (
    <>
      <AccountBar user={user} />
      <main class="rooms" id="main" tabIndex={-1}>
        <header class="rooms__head">
          <h1>Rooms</h1>
          <Button variant="primary" icon={Plus} onClick={() => setCreating(true)}>
            New room
          </Button>
        </header>
        <search class="rooms__filter">
          <Segmented label="Which rooms" value={scope} options={SCOPES} onChange={setScope} />
          <TextInput
            type="search"
            icon={Search}
            class="rooms__search"
            aria-label="Search rooms"
            placeholder="Search by name or description"
            maxLength={LONGEST_SEARCH}
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") setSearch("");
            }}
          />
        </search>
        <Rooms
          list={list}
          onCreate={() => setCreating(true)}
          onBrowse={() => setScope("public")}
          onClear={() => setSearch("")}
        />
      </main>
      {creating && (
        <CreateRoomDialog onClose={() => setCreating(false)} onCreated={(room) => navigate(roomPath(room.room_id))} />
      )}
    </>
  );
}

function fetchRooms(query: RoomQuery, offset: number) {
  const search = query.search === "" ? {} : { search: query.search };
  return request((rest) => rest.rooms({ scope: query.scope, limit: PAGE_SIZE, offset, ...search }));
}

/** Another scope counts at once, words when the typing rests; coming back to the tab brings the list up to date. */
function useSearch(list: RoomList<RoomSummary>, scope: RoomQuery["scope"], search: string): void {
  const words = search.trim();
  useEffect(() => {
    const shown = list.answered.peek();
    const typed = shown !== null && shown.scope === scope;
    const timer = setTimeout(() => void list.show({ scope, search: words }), typed ? SEARCH_PAUSE_MS : 0);
    return () => clearTimeout(timer);
  }, [list, scope, words]);
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState === "visible" && !list.hasMore.peek()) void list.reload();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [list]);
}

interface RoomsProps {
  list: RoomList<RoomSummary>;
  onCreate: () => void;
  onBrowse: () => void;
  onClear: () => void;
}

function Rooms({ list, onCreate, onBrowse, onClear }: RoomsProps) {
  const phase = list.phase.value;
  const answered = list.answered.value;
  const items = list.items.value;
  if (phase === "failed" && items.length === 0) {
    return (
      <EmptyState
        icon={CloudOff}
        title="The rooms could not be fetched"
        action={<Button onClick={() => void list.reload()}>Try again</Button>}
      >
        <p>{explain(list.error.value)}</p>
      </EmptyState>
    );
  }
  if (answered === null) return <WaitingRows />;
  if (items.length === 0) {
    return <NoRooms query={answered} onCreate={onCreate} onBrowse={onBrowse} onClear={onClear} />;
  }
  const now = new Date();
  return (
    <div class="rooms__list" aria-busy={phase === "loading"}>
      <p class="visually-hidden" role="status">
        {phase === "loading" ? "" : `${items.length}${list.hasMore.value ? " or more" : ""} rooms`}
      </p>
      <ul class="room-rows">
        {items.map((room) => (
          <RoomRow key={room.room_id} room={room} now={now} onGone={() => list.remove(room.room_id)} />
        ))}
      </ul>
      {phase === "failed" && (
        <p class="notice notice--error" role="alert">
          {explain(list.error.value)}
        </p>
      )}
      {list.hasMore.value && (
        <Button class="rooms__more" busy={phase === "more"} onClick={() => void list.more()}>
          Show more
        </Button>
      )}
    </div>
  );
}

function WaitingRows() {
  return (
    <div class="rooms__list" aria-busy="true">
      <p class="visually-hidden" role="status">
        Fetching the rooms
      </p>
      <ul class="room-rows" aria-hidden="true">
        {["11rem", "8rem", "14rem", "9rem"].map((width) => (
          <li key={width} class="room-row">
            <Skeleton width="2.25rem" height="2.25rem" />
            <div class="room-row__words room-row__words--waiting">
              <Skeleton width={width} height="0.875rem" />
              <Skeleton width="5rem" height="0.75rem" />
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

function NoRooms({ query, onCreate, onBrowse, onClear }: Omit<RoomsProps, "list"> & { query: RoomQuery }) {
  if (query.search !== "") {
    return (
      <EmptyState
        icon={SearchX}
        title={`No room matches “${query.search}”`}
        action={<Button onClick={onClear}>Clear search</Button>}
      >
        <p>Words match from their beginning, in the name and in the description.</p>
      </EmptyState>
    );
  }
  const create = (
    <Button variant="primary" icon={Plus} onClick={onCreate}>
      New room
    </Button>
  );
  if (query.scope === "public") {
    return (
      <EmptyState icon={Globe} title="No public rooms yet" action={create}>
        <p>Rooms that anyone may enter are listed here. Yours could be the first.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={DoorOpen}
      title="Your first room is one click away"
      action={
        <div class="empty__actions">
          {create}
          <Button variant="ghost" onClick={onBrowse}>
            Browse public rooms
          </Button>
        </div>
      }
    >
      <p>Make one for a snippet, an interview or meeting notes, and send the link to whoever should write with you.</p>
    </EmptyState>
  );
}
