/** The rooms, page by page: those in memory with what they do, or all. */

import { Lock } from "lucide-preact";
import { Button, Segmented } from "../../components/index.ts";
import { explain } from "../../explain.ts";
import type { AdminRoom, ClusterStatus } from "../bodies.ts";
import { NONE, nodeName, roomFigures } from "../figures.ts";
import type { Overview, Seen } from "../overview.ts";
import { cellClass, Table, type TableColumn } from "./Table.tsx";

const COLUMNS = [
  { name: "Room" },
  { name: "State" },
  { name: "People", figure: true },
  { name: "Version", figure: true },
  { name: "Unsaved", figure: true },
  { name: "Edits/s", figure: true },
  { name: "Memory", figure: true, extra: true },
  { name: "Node" },
] as const satisfies readonly TableColumn[];
const FIGURE = cellClass({ figure: true });

const SCOPES = [
  { value: "awake", label: "Awake" },
  { value: "all", label: "All" },
] as const;

export function Rooms({ overview, seen }: { overview: Overview; seen: Seen }) {
  const awake = overview.awake.value;
  const items = seen.rooms?.items ?? [];
  const empty = awake ? "No room is awake." : "There are no rooms.";
  return (
    <Table
      title="Rooms"
      columns={COLUMNS}
      busy={overview.turning.value}
      empty={seen.rooms === null ? explain(seen.trouble) : empty}
      tools={
        <Segmented
          label="Which rooms"
          value={awake ? "awake" : "all"}
          options={SCOPES}
          onChange={(scope) => overview.show(scope === "awake")}
        />
      }
      foot={<Pages overview={overview} hasNext={(seen.rooms?.next ?? null) !== null} />}
    >
      {items.map((room) => (
        <RoomRow key={room.room_id} room={room} status={seen.status} />
      ))}
    </Table>
  );
}

function RoomRow({ room, status }: { room: AdminRoom; status: ClusterStatus }) {
  const { state, people, version, unsaved, pace, memory } = roomFigures(room);
  return (
    <tr>
      <th scope="row">
        <span class="admin-table__name">
          {room.name}
          {room.private && (
            <span data-tooltip="Private: members only">
              <Lock size={13} aria-hidden="true" />
              <span class="visually-hidden">Private</span>
            </span>
          )}
        </span>
        <span class="admin-table__id">{room.room_id}</span>
      </th>
      <td>{state}</td>
      <td class={FIGURE}>{people}</td>
      <td class={FIGURE}>{version}</td>
      <td class={FIGURE}>{unsaved}</td>
      <td class={FIGURE}>{pace}</td>
      <td class={cellClass({ figure: true, extra: true })}>{memory}</td>
      <td>{room.place === null ? NONE : nodeName(status, room.place.node_id)}</td>
    </tr>
  );
}

/** Nothing where all rooms fit on one page. */
function Pages({ overview, hasNext }: { overview: Overview; hasNext: boolean }) {
  const number = overview.pageNumber.value;
  if (number === 1 && !hasNext) return null;
  return (
    <nav class="admin__pages" aria-label="Pages of rooms">
      <Button size="s" disabled={number === 1} onClick={() => overview.previousPage()}>
        Previous
      </Button>
      <span role="status">Page {number}</span>
      <Button size="s" disabled={!hasNext} onClick={() => overview.nextPage()}>
        Next
      </Button>
    </nav>
  );
}
