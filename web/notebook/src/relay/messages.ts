/** What the two ends of a link say to one another, as the content of custom messages on the widget's comm. */

import { isObject } from "../../../client/src/transport/connection.ts";

/** The code of an end that its side wanted; any other is the `code` of an error of the tree. */
export const CLOSED = "closed";

export const KIND = "relay";

/** Whose a message is: the view that made the link, and the link. */
export interface Address {
  view: string;
  link: string;
}

/** The view wants a session with the room server; an empty token means the kernel's own user. */
export interface Open {
  type: "open";
  token: string;
}

/** The end of a stream: nothing follows, for this reason. */
export interface End {
  code: string;
  reason: string;
}

/** Packet number `seq` of a stream, from 1: whole frames, but that the last one may go on in the next packet. */
export interface Data {
  type: "data";
  seq: number;
  ack: number;
  have?: number[];
  frames?: string[];
  more?: boolean;
  end?: End;
}

/** All packets up to `ack` have come, and those in `have`. With `ping` it wants to be answered at once. */
export interface Ack {
  type: "ack";
  ack: number;
  have?: number[];
  ping?: boolean;
}

/** The link is over at the sender's end. Not repeated; not answered. */
export interface Close {
  type: "close";
  code: string;
  reason: string;
}

export type Message = Open | Data | Ack | Close;

/** The message in the content of a custom message that is for `address`; null for any other. */
export function read(content: Record<string, unknown>, address: Address): Message | null {
  const { kind, view, link } = content;
  if (kind !== KIND || view !== address.view || link !== address.link) return null;
  return isMessage(content) ? content : null;
}

/** What `read` reads. */
export function write(address: Address, message: Message): Record<string, unknown> {
  return { kind: KIND, ...address, ...message };
}

function isMessage(value: unknown): value is Message {
  if (!isObject(value)) return false;
  const { type, token } = value;
  if (type === "open") return typeof token === "string";
  if (type === "data") return isPacket(value);
  if (type === "ack") return isAcknowledging(value);
  return type === "close" && isEnd(value);
}

function isPacket(value: { [field: string]: unknown }): boolean {
  const { seq, frames = [], end } = value;
  return (
    isCount(seq) &&
    seq > 0 &&
    isAcknowledging(value) &&
    Array.isArray(frames) &&
    frames.every((frame) => typeof frame === "string") &&
    (end === undefined || isEnd(end))
  );
}

function isAcknowledging({ ack, have = [] }: { [field: string]: unknown }): boolean {
  return isCount(ack) && Array.isArray(have) && have.every(isCount);
}

function isEnd(value: unknown): boolean {
  const { code, reason } = isObject(value) ? value : {};
  return typeof code === "string" && typeof reason === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
