/** The machines: what each has and holds, and taking one out or back in. */

import { useState } from "preact/hooks";
import { Button, ConfirmDialog, toast } from "../../components/index.ts";
import { asAdmin } from "../access.ts";
import type { ClusterStatus, NodeStatus } from "../bodies.ts";
import { drainedWords, NO_ANSWER, nodeFigures, shortId, some } from "../figures.ts";
import { cellClass, Table, type TableColumn } from "./Table.tsx";

const COLUMNS = [
  { name: "Node" },
  { name: "Rooms", figure: true },
  { name: "State" },
  { name: "Backlog", figure: true },
  { name: "Lag p99", figure: true },
  { name: "Action" },
] as const satisfies readonly TableColumn[];
const FIGURE = cellClass({ figure: true });

interface NodesProps {
  status: ClusterStatus;
  /** A node was drained or reopened. */
  onChanged: () => void;
}

export function Nodes({ status, onChanged }: NodesProps) {
  const [asked, setAsked] = useState<{ node: NodeStatus; what: "drain" | "reopen" } | null>(null);
  const empty = status.nodes === null ? `The nodes: ${NO_ANSWER}.` : "There are no nodes.";
  return (
    <>
      <Table title="Nodes" columns={COLUMNS} empty={empty}>
        {(status.nodes ?? []).map((node) => (
          <NodeRow
            key={node.node_id}
            node={node}
            onAsk={() => setAsked({ node, what: node.takes_rooms === false ? "reopen" : "drain" })}
          />
        ))}
      </Table>
      {asked?.what === "drain" && <Drain node={asked.node} onClose={() => setAsked(null)} onChanged={onChanged} />}
      {asked?.what === "reopen" && <Reopen node={asked.node} onClose={() => setAsked(null)} onChanged={onChanged} />}
    </>
  );
}

function NodeRow({ node, onAsk }: { node: NodeStatus; onAsk: () => void }) {
  const { state, backlog, lag } = nodeFigures(node);
  return (
    <tr>
      <th scope="row">
        {node.address} <span class="admin-table__id">{shortId(node.node_id)}</span>
      </th>
      <td class={FIGURE}>{node.rooms}</td>
      <td>{state}</td>
      <td class={FIGURE}>{backlog}</td>
      <td class={FIGURE}>{lag}</td>
      <td>
        <Button size="s" onClick={onAsk}>
          {node.takes_rooms === false ? "Let it take rooms" : "Drain"}
          <span class="visually-hidden"> {node.address}</span>…
        </Button>
      </td>
    </tr>
  );
}

interface AskedProps {
  node: NodeStatus;
  onClose: () => void;
  onChanged: () => void;
}

function Drain({ node, onClose, onChanged }: AskedProps) {
  return (
    <ConfirmDialog
      title={`Drain ${node.address}?`}
      confirm="Drain"
      danger
      onClose={onClose}
      onConfirm={async () => {
        const drained = await asAdmin((admin) => admin.drainNode(node.node_id));
        onChanged();
        toast(drainedWords(drained, node.address), { kind: "success" });
      }}
    >
      <p>
        Its rooms ({some(node.rooms, "room")} now) move to other nodes, then its people to other gateways; nobody is put
        out. It gets no rooms until you let it take some again.
      </p>
      <p>This may take two minutes. It goes on when you close this.</p>
    </ConfirmDialog>
  );
}

function Reopen({ node, onClose, onChanged }: AskedProps) {
  return (
    <ConfirmDialog
      title={`Let ${node.address} take rooms again?`}
      confirm="Let it take rooms"
      onClose={onClose}
      onConfirm={async () => {
        await asAdmin((admin) => admin.reopenNode(node.node_id));
        onChanged();
        toast(`${node.address} takes rooms again.`, { kind: "success" });
      }}
    >
      <p>Rooms that wake may be placed on it from now on. Those that moved away stay where they are.</p>
    </ConfirmDialog>
  );
}
