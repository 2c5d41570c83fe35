/** In whose name the admin page asks: the pass of a link, or else whoever is signed in. */

import { ForbiddenError, UnauthenticatedError } from "../../../client/src/errors.ts";
import { session } from "../api.ts";
import { parseRoute } from "../routes.ts";
import { browserStorage } from "../storage.ts";
import { AdminClient } from "./adminClient.ts";
import { AdminPass } from "./pass.ts";

export const pass = new AdminPass(browserStorage("sessionStorage"));

// Before anything is drawn or asked for, and when another link is opened over this page.
takeFromAddress();
addEventListener("hashchange", takeFromAddress);

/** Run calls; a refused token ends the pass, or the session. */
export async function asAdmin<T>(run: (admin: AdminClient) => Promise<T>): Promise<T> {
  const link = pass.token.value;
  const token = link ?? (await session.token());
  try {
    return await run(new AdminClient(location.origin, () => token));
  } catch (error) {
    if (error instanceof UnauthenticatedError) {
      if (link === null) session.refused(token);
      else pass.refused(link);
    }
    throw error;
  }
}

/** Whether asking again is of no use to whoever asked. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ForbiddenError || error instanceof UnauthenticatedError;
}

function takeFromAddress(): void {
  if (parseRoute(location.pathname).page !== "admin") return;
  if (pass.take(location.hash)) history.replaceState(history.state, "", location.pathname);
}
