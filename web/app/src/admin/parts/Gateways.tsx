/** The gateway replicas, with the sockets that each holds. */

import type { ClusterStatus } from "../bodies.ts";
import { NO_ANSWER, nodeName } from "../figures.ts";
import { cellClass, Table, type TableColumn } from "./Table.tsx";

const COLUMNS = [
  { name: "Gateway" },
  { name: "Node" },
  { name: "Sockets", figure: true },
  { name: "Rooms", figure: true },
  { name: "Process", figure: true, extra: true },
] as const satisfies readonly TableColumn[];
const FIGURE = cellClass({ figure: true });

export function Gateways({ status }: { status: ClusterStatus }) {
  const empty = status.gateways === null ? `The gateways: ${NO_ANSWER}.` : "No gateway has given a sign of life yet.";
  return (
    <Table title="Gateways" columns={COLUMNS} empty={empty}>
      {(status.gateways ?? []).map((gateway) => (
        <tr key={gateway.gateway_id}>
          <th scope="row">{gateway.gateway_id}</th>
          <td>{nodeName(status, gateway.node_id)}</td>
          <td class={FIGURE}>{gateway.sockets}</td>
          <td class={FIGURE}>{gateway.rooms}</td>
          <td class={cellClass({ figure: true, extra: true })}>{gateway.pid}</td>
        </tr>
      ))}
    </Table>
  );
}
