/** The REST routes that a page needs, typed. */

import { fromCode, type RayroomsError, UnauthenticatedError, UnavailableError } from "../errors.ts";
import { addressesOf } from "../transport/address.ts";
import { isObject } from "../transport/connection.ts";
import type * as bodies from "./bodies.ts";

const TIMEOUT = 30_000;

type Method = "GET" | "POST" | "PUT" | "DELETE";
type Query = Record<string, string | number | boolean | undefined>;

export interface RestOptions {
  /** Headers of every call, for what stands before the server; asked before each call. */
  headers?: () => Record<string, string>;
}

export interface CallOptions {
  /** Gives the call up; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds that the server has, in place of the usual ones. */
  timeout?: number;
}

/**
 * REST calls to one server, in the name of whom `token` stands for; it is asked before each call.
 *
 * All methods reject with the RayroomsError that the server's problem document names, and with UnavailableError when the
 * server cannot be reached or does not answer as it should. Without a token only signing in and the preview of an
 * invitation work.
 */
export class RestClient {
  readonly #url: string;
  readonly #token: (() => string | Promise<string>) | null;
  readonly #headers: () => Record<string, string>;

  /** Throws InvalidError when `url` is not that of a server. */
  constructor(url: string, token?: () => string | Promise<string>, { headers = () => ({}) }: RestOptions = {}) {
    this.#url = addressesOf(url).rest;
    this.#token = token ?? null;
    this.#headers = headers;
  }

  // -------------------------------------------------------------- who one is

  /** Enter by a name alone, where the server lets guests in. */
  signInGuest(name: string): Promise<bodies.SignedIn> {
    return this.send("POST", "/api/auth/guest", { name });
  }

  /** A fresh token for a guest whose present one still holds. */
  renew(): Promise<bodies.SignedIn> {
    return this.send("POST", "/api/auth/renew");
  }

  profile(userId: string): Promise<bodies.Profile> {
    return this.get(`/api/users/${part(userId)}/profile`);
  }

  updateProfile(userId: string, change: bodies.ProfileChange): Promise<bodies.Profile> {
    return this.send("PUT", `/api/users/${part(userId)}/profile`, change);
  }

  // -------------------------------------------------------------- rooms

  createRoom(room: bodies.NewRoom): Promise<bodies.RoomDetails> {
    return this.send("POST", "/api/rooms", room);
  }

  /** Newest first. */
  rooms(query: bodies.RoomQuery = {}): Promise<bodies.Page<bodies.RoomSummary>> {
    return this.get("/api/rooms", { ...query });
  }

  room(roomId: string): Promise<bodies.RoomDetails> {
    return this.get(`/api/rooms/${part(roomId)}`);
  }

  deleteRoom(roomId: string): Promise<void> {
    return this.send("DELETE", `/api/rooms/${part(roomId)}`);
  }

  // -------------------------------------------------------------- members

  /** In the order they joined. */
  members(roomId: string, query: { limit?: number; offset?: number } = {}): Promise<bodies.Page<bodies.Member>> {
    return this.get(`/api/rooms/${part(roomId)}/members`, query);
  }

  addMember(roomId: string, userId: string, role: bodies.GrantedRole = "member"): Promise<bodies.Member> {
    return this.send("POST", `/api/rooms/${part(roomId)}/members`, { user_id: userId, role });
  }

  setRole(roomId: string, userId: string, role: bodies.GrantedRole): Promise<bodies.Member> {
    return this.send("PUT", `/api/rooms/${part(roomId)}/members/${part(userId)}`, { role });
  }

  removeMember(roomId: string, userId: string): Promise<void> {
    return this.send("DELETE", `/api/rooms/${part(roomId)}/members/${part(userId)}`);
  }

  /** Give up one's own membership. */
  async leave(roomId: string): Promise<void> {
    const token = await this.#token?.();
    await this.send("POST", `/api/users/${part(subjectOf(token))}/rooms/${part(roomId)}/leave`);
  }

  // -------------------------------------------------------------- invitations

  /** `expires_in` is in seconds. */
  invite(
    roomId: string,
    terms: { role?: bodies.GrantedRole; expires_in?: number } = {},
  ): Promise<bodies.IssuedInvitation> {
    return this.send("POST", `/api/rooms/${part(roomId)}/invitations`, terms);
  }

  /** The open ones, or all; newest first. */
  invitations(
    roomId: string,
    query: { all?: boolean; limit?: number; offset?: number } = {},
  ): Promise<bodies.Page<bodies.ListedInvitation>> {
    return this.get(`/api/rooms/${part(roomId)}/invitations`, query);
  }

  revokeInvitation(roomId: string, invitationId: string): Promise<void> {
    return this.send("DELETE", `/api/rooms/${part(roomId)}/invitations/${part(invitationId)}`);
  }

  previewInvitation(token: string): Promise<bodies.InvitationPreview> {
    return this.send("POST", "/api/invitations/preview", { token });
  }

  acceptInvitation(token: string): Promise<bodies.AcceptedInvitation> {
    return this.send("POST", "/api/invitations/accept", { token });
  }

  // -------------------------------------------------------------- what is in a room

  /** Chat, newest first; `before` is a time, such as the `next` of the page before. */
  messages(
    roomId: string,
    query: { limit?: number; before?: string } = {},
  ): Promise<bodies.Page<bodies.StoredMessage, string>> {
    return this.get(`/api/rooms/${part(roomId)}/messages`, query);
  }

  operations(
    roomId: string,
    query: { from_version?: number; to_version?: number; limit?: number } = {},
    options: CallOptions = {},
  ): Promise<bodies.OperationRange> {
    return this.get(`/api/sync/${part(roomId)}/operations`, query, options);
  }

  version(roomId: string): Promise<bodies.RoomVersion> {
    return this.get(`/api/sync/${part(roomId)}/version`);
  }

  /** Of now, or of an earlier version. */
  snapshot(roomId: string, version?: number, options: CallOptions = {}): Promise<bodies.Snapshot> {
    return this.get(`/api/sync/${part(roomId)}/snapshot`, { version }, options);
  }

  // -------------------------------------------------------------- parts

  protected get<T>(path: string, query: Query = {}, options: CallOptions = {}): Promise<T> {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    );
    const search = new URLSearchParams(given).toString();
    return this.#call("GET", search === "" ? path : `${path}?${search}`, undefined, options);
  }

  protected send<T>(method: Method, path: string, body?: object, options: CallOptions = {}): Promise<T> {
    return this.#call(method, path, body, options);
  }

  async #call<T>(
    method: Method,
    path: string,
    body: object | undefined,
    { signal, timeout: patience = TIMEOUT }: CallOptions,
  ): Promise<T> {
    const token = await this.#token?.();
    const headers = {
      ...this.#headers(),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
    };
    const timeout = AbortSignal.timeout(patience);
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#url + path, {
        method,
        headers,
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw new UnavailableError("The server cannot be reached.", { cause: error });
    }
    const answer = parsed(text);
    if (!response.ok) throw problem(response.status, answer);
    if (answer === undefined && response.status !== 204) {
      throw new UnavailableError(`The server's answer to ${method} ${path} cannot be read.`);
    }
    return answer as T;
  }
}

function part(name: string): string {
  return encodeURIComponent(name);
}

/** The value of a JSON text; undefined for what is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What a problem document says; an answer that is none comes from something in between. */
function problem(status: number, answer: unknown): RayroomsError {
  const { code, detail } = isObject(answer) ? answer : {};
  if (typeof code === "string") return fromCode(code, typeof detail === "string" ? detail : "The server refused.");
  return new UnavailableError(`The server answered with status ${status}.`);
}

/** The user whom a token stands for, as the server reads it (RFC 7519, claim `sub`). */
function subjectOf(token: string | undefined): string {
  const payload = token?.split(".")[1];
  if (payload === undefined) throw new UnauthenticatedError("There is no token that names a user.");
  const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const claims = parsed(new TextDecoder().decode(bytes));
  const { sub } = isObject(claims) ? claims : {};
  if (typeof sub !== "string") throw new UnauthenticatedError("The token names no user.");
  return sub;
}
