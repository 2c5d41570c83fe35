/** A small room in memory, by the server's rules: one order, transform at arrival, every edit once, owners with epochs. */

import type { Change, ClientEvent, Operation, RoomJoinedData, ServerEvent } from "../src/protocol.ts";
import { apply, applyChecked, invert, transform } from "../src/text/index.ts";

interface Commit {
  readonly op: Operation;
  readonly clientId: string;
  readonly seq: number;
  readonly epoch: number;
}

interface Foreign {
  readonly version: number;
  readonly op: Operation;
}

/** A first-in-first-out channel each way between a client and the room. */
export class Connection {
  readonly up: ClientEvent[] = [];
  readonly down: ServerEvent[] = [{ event: "connection_response", data: { session_id: "c", protocol: 1 } }];
  /** The client whose edits it carries; empty when it is not in the room. */
  clientId = "";
  /** What others committed that this client had not seen when it last sent, behind its own edits. */
  unseen: Foreign[] = [];
}

export class SimpleRoom {
  text = "";
  readonly commits: Commit[] = [];
  durable = 0;
  repeats = 0;
  resets = 0;
  lostCommits = 0;
  readonly #logWindow: number;
  #epoch = 1;
  #connections = new Set<Connection>();

  constructor(logWindow: number) {
    this.#logWindow = logWindow;
  }

  connect(): Connection {
    const connection = new Connection();
    this.#connections.add(connection);
    return connection;
  }

  disconnect(connection: Connection): void {
    this.#connections.delete(connection);
  }

  isConnected(connection: Connection): boolean {
    return this.#connections.has(connection);
  }

  persist(version: number): void {
    if (version <= this.durable) {
      return;
    }
    this.durable = version;
    for (const { down, clientId } of this.#connections) {
      if (clientId !== "") {
        down.push({ event: "durable", data: { room_id: "r", version: this.durable } });
      }
    }
  }

  /** A new owner takes over from the durable part of the log, and all connections are lost. */
  restart(): void {
    while (this.commits.length > this.durable) {
      this.text = apply(this.text, invert(this.commits.pop()?.op ?? []));
      this.lostCommits++;
    }
    this.#epoch++;
    this.#connections.clear();
  }

  receive(connection: Connection, message: ClientEvent): void {
    if (!this.isConnected(connection)) {
      return;
    }
    if (message.event === "join_room") {
      this.#attach(connection, message.ref ?? 0, message.data);
    } else if (message.event === "code_change") {
      this.#edit(connection, message.ref ?? 0, message.data);
    }
  }

  lastSeq(clientId: string): number {
    return this.commits.findLast((commit) => commit.clientId === clientId)?.seq ?? 0;
  }

  #attach(
    connection: Connection,
    ref: number,
    { client_id = "", version, version_epoch }: { client_id?: string; version?: number; version_epoch?: number },
  ): void {
    for (const other of this.#connections) {
      if (other !== connection && other.clientId === client_id) {
        other.clientId = "";
        other.down.push({ event: "room_left", data: { room_id: "r", reason: "superseded" } });
      }
    }
    connection.clientId = client_id;
    connection.unseen = [];
    const newest = this.commits.length;
    const data: RoomJoinedData = {
      room_id: "r",
      session_id: "s",
      client_id,
      version: newest,
      epoch: this.#epoch,
      version_epoch: this.#epochAt(newest),
      durable: this.durable,
      last_seq: this.lastSeq(client_id),
      role: "member",
    };
    const isPrefix =
      version !== undefined &&
      version <= newest &&
      newest - version <= this.#logWindow &&
      this.#epochAt(version) === version_epoch;
    if (isPrefix) {
      data.operations = this.commits.slice(version).map((commit, index) => asChange(commit, version + 1 + index));
    } else {
      data.content = this.text;
      this.resets += version === undefined ? 0 : 1;
    }
    connection.down.push({ event: "room_joined", ref, data });
  }

  #edit(
    connection: Connection,
    ref: number,
    { op, version, client_id, seq }: { op: Operation; version: number; client_id: string; seq: number },
  ): void {
    const { down } = connection;
    const lastSeq = this.lastSeq(client_id);
    if (connection.clientId !== client_id || seq > lastSeq + 1) {
      const code = connection.clientId === "" ? "not_joined" : "out_of_order";
      down.push({ event: "error", ref, data: { code, message: "No.", seq } });
      return;
    }
    if (seq <= lastSeq) {
      this.repeats++;
      const at = this.commits.findIndex((commit) => commit.clientId === client_id && commit.seq === seq) + 1;
      down.push({ event: "ack", ref, data: { room_id: "r", client_id, acks: [{ version: at, seq }] } });
      return;
    }
    let mine = op;
    connection.unseen = connection.unseen
      .filter((foreign) => foreign.version > version)
      .map((foreign) => {
        const moved = { version: foreign.version, op: transform(foreign.op, mine, "right") };
        mine = transform(mine, foreign.op, "left");
        return moved;
      });
    const [text, invertible] = applyChecked(this.text, mine);
    this.text = text;
    this.#commit({ op: invertible, clientId: client_id, seq, epoch: this.#epoch });
  }

  #commit(commit: Commit): void {
    this.commits.push(commit);
    const version = this.commits.length;
    const change = asChange(commit, version);
    for (const { clientId, down, unseen } of this.#connections) {
      if (clientId === commit.clientId) {
        const acks = [{ version, seq: commit.seq }];
        down.push({ event: "ack", data: { room_id: "r", client_id: clientId, acks } });
      } else if (clientId !== "") {
        unseen.push({ version, op: commit.op });
        down.push({ event: "code_change", data: { room_id: "r", changes: [change] } });
      }
    }
  }

  #epochAt(version: number): number {
    return this.commits[version - 1]?.epoch ?? 0;
  }
}

function asChange({ op, clientId, seq }: Commit, version: number): Change {
  return { version, client_id: clientId, seq, op, user_id: clientId };
}
