/** What the Jupyter server extension says of the room server and of who is logged in. */

import { UnavailableError } from "../../../client/src/errors.ts";
import { addressesOf } from "../../../client/src/transport/address.ts";
import { isObject } from "../../../client/src/transport/connection.ts";
import type { JupyterPage } from "../page.ts";

/** A user whom the extension vouches for. */
export interface Vouched {
  readonly token: string;
  readonly userId: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface ExtensionAnswer {
  /** Of the room server, as the Jupyter server reaches it. */
  readonly url: string;
  readonly publicUrl: string | null;
  /** Who is logged in; null where the extension has no secret to vouch with. */
  readonly vouched: Vouched | null;
}

const PROTOCOL = 1;
const ANSWER_WITHIN_MS = 10_000;

/** The code of an extension that serves nobody: it was told to vouch for people, and cannot as it is set up. */
export const MISCONFIGURED = "misconfigured";

/** Rejects with UnavailableError when no extension answers, nobody is logged in, or it serves nobody (MISCONFIGURED). */
export async function askExtension(page: JupyterPage, url: string, get: typeof fetch): Promise<ExtensionAnswer> {
  let read: ExtensionAnswer | null;
  try {
    const response = await get(`${url}/session`, {
      headers: page.headers(),
      credentials: "same-origin",
      redirect: "error", // to the login page, that is
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (!response.ok) throw await refusalOf(response);
    read = readAnswer(await response.json());
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    throw new UnavailableError("The Jupyter server does not say who is logged in.", { cause: error });
  }
  if (read === null) throw new UnavailableError("The Jupyter server's extension is of another version than this page.");
  return read;
}

async function refusalOf(response: Response): Promise<UnavailableError> {
  const problem: unknown = await response.json().catch(() => null); // others answer with pages
  const { code, detail } = isObject(problem) ? problem : {};
  return code === MISCONFIGURED && typeof detail === "string"
    ? new UnavailableError(detail, { code })
    : new UnavailableError(`The Jupyter server answered with status ${response.status}.`);
}

/** Null for an answer of another version. Throws InvalidError for one that names no server. */
function readAnswer(answer: unknown): ExtensionAnswer | null {
  if (!isObject(answer)) return null;
  const { url, public_url: publicUrl, protocol } = answer;
  if (protocol !== PROTOCOL || typeof url !== "string") return null;
  return {
    url: addressesOf(url).rest,
    publicUrl: typeof publicUrl === "string" ? addressesOf(publicUrl).rest : null,
    vouched: readVouched(answer),
  };
}

function readVouched(answer: { [field: string]: unknown }): Vouched | null {
  const { verified, token, user_id: userId, user, expires_at: end } = answer;
  if (verified !== true || typeof token !== "string" || typeof userId !== "string") return null;
  const { name } = isObject(user) ? user : {};
  const expiresAt = typeof end === "string" ? Date.parse(end) : Number.NaN;
  return { token, userId, name: typeof name === "string" ? name : userId, expiresAt };
}
