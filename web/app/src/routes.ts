/** The addresses of the pages. Pure. */

export type Route =
  | { page: "rooms" }
  | { page: "room"; roomId: string }
  /** The invitation itself stands in the fragment, so that it reaches no server's log. */
  | { page: "invite" }
  /** For those who run the server; the pass of a link stands in the fragment, too. */
  | { page: "admin" }
  | { page: "lost" };

const ROOM_PATH = /^\/rooms\/([^/]+)\/?$/;
/** What the server takes for a room's id. */
const ROOM_ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/;

export function parseRoute(path: string): Route {
  if (path === "/" || path === "/rooms" || path === "/rooms/") return { page: "rooms" };
  if (path === "/invite" || path === "/invite/") return { page: "invite" };
  if (path === "/admin" || path === "/admin/") return { page: "admin" };
  const roomId = decode(ROOM_PATH.exec(path)?.[1] ?? "");
  return ROOM_ID.test(roomId) ? { page: "room", roomId } : { page: "lost" };
}

export function roomPath(roomId: string): string {
  return `/rooms/${encodeURIComponent(roomId)}`;
}

/** The token in a link's fragment; null when it holds none. */
export function fragmentToken(fragment: string): string | null {
  const token = decode(fragment.replace(/^#/, "").trim());
  return token === "" ? null : token;
}

/** Percent-decoded; empty when it cannot be. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
