/** Which ways lead from this page to the room server, for whom, and why one does not. Pure. */

import { type RayroomsError, UnavailableError } from "../../../client/src/errors.ts";
import { addressesOf } from "../../../client/src/transport/address.ts";
import type { TransportChoice } from "../model.ts";
import type { IdentityKind } from "./identity.ts";
import type { TransportInUse } from "./ladder.ts";

/** The Jupyter server extension, where it leads to the server that the widget names. */
export interface ProxyWay {
  /** Of the extension, absolute: requests go to paths under it. */
  readonly url: string;
  /** Of the room server as browsers may reach it; null when they are to use the extension. */
  readonly publicUrl: string | null;
}

export interface Surroundings {
  /** The page's own address. */
  readonly href: string;
  /** Of the room server, as the kernel names it. */
  readonly url: string;
  readonly proxy: ProxyWay | null;
}

/** Where each way begins; null for one that is closed. */
export interface Ways {
  readonly direct: string | null;
  readonly proxy: string | null;
}

/**
 * The ways of someone whom Jupyter vouches for go only where the extension itself says, never where the notebook's
 * author does: who receives such a token can act in that person's name.
 */
export function waysOf(kind: IdentityKind, { href, url, proxy }: Surroundings): Ways {
  const direct = kind === "verified" ? (proxy?.publicUrl ?? null) : (proxy?.publicUrl ?? url);
  return {
    direct: direct !== null && isReachable(href, direct) ? addressesOf(direct).rest : null,
    proxy: proxy?.url ?? null,
  };
}

/** Which transports to try, best first: none when the one that was asked for cannot be used. */
export function ladderOf(choice: TransportChoice, kind: IdentityKind, ways: Ways): TransportInUse[] {
  const rungs: TransportInUse[] = [];
  if (kind !== "kernel") {
    if (ways.direct !== null) rungs.push("direct");
    if (ways.proxy !== null) rungs.push("proxy");
  }
  if (kind !== "verified") rungs.push("relay");
  return choice === "auto" ? rungs : rungs.filter((rung) => rung === choice);
}

/** Why there is nothing to try. */
export function noWay(choice: TransportChoice, { href, url, proxy }: Surroundings): RayroomsError {
  if (choice === "direct" && proxy !== null && proxy.publicUrl === null) {
    return new UnavailableError(
      "The Jupyter server keeps browsers from the room server: use another transport than direct, or set its public_url.",
    );
  }
  if (choice === "direct") {
    return new UnavailableError(
      `This page (${new URL(href).origin}) cannot reach ${url} itself: use another transport than direct.`,
    );
  }
  if (choice === "proxy") {
    return new UnavailableError(
      `The Jupyter server has no rayrooms extension that leads to ${url}: enable it there, or use another transport.`,
    );
  }
  return new UnavailableError(`No transport leads to ${url} from here.`);
}

/** Whether both name one server. The names of this machine are one: Jupyter and kernel run beside each other. */
export function isSameServer(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

/**
 * Whether the page's browser may open connections to `url` at all, and would meet the machine that is meant.
 *
 * A page that came by https may not use an unencrypted connection, except to its own machine. And an address of the
 * kernel's own machine means another one to a browser elsewhere.
 */
export function isReachable(href: string, url: string): boolean {
  const page = new URL(href);
  const target = new URL(addressesOf(url).rest);
  const isHere = isLoopback(target.hostname);
  if (isHere && !isLoopback(page.hostname)) return false;
  return page.protocol !== "https:" || target.protocol === "https:" || isHere;
}

function canonical(url: string): string {
  const { protocol, hostname, port, pathname } = new URL(addressesOf(url).rest);
  return `${protocol}//${isLoopback(hostname) ? "localhost" : hostname}:${port}${pathname}`;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
