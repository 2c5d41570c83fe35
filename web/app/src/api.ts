/**
 * The server, as the pages call it: one session and one REST client. It takes the
 * parts of the library that it needs: the whole of it is for rooms, and loads with them.
 */

import { UnauthenticatedError } from "../../client/src/errors.ts";
import { RestClient } from "../../client/src/rest/client.ts";
import { SessionKeeper } from "./session.ts";
import { browserStorage } from "./storage.ts";

const SERVER = location.origin;

export const session = new SessionKeeper({
  storage: browserStorage("localStorage"),
  now: Date.now,
  signIn: (name) => new RestClient(SERVER).signInGuest(name),
  renew: (token) => new RestClient(SERVER, () => token).renew(),
});
addEventListener("storage", (event) => session.storageChanged(event.key, event.newValue));

/** Calls in the name of whoever is signed in. Prefer `request`, which notices a sign-in that has ended. */
export const rest = new RestClient(SERVER, () => session.token());

/** Run calls; a refused token ends the session, so that the page asks to sign in again. */
export async function request<T>(run: (rest: RestClient) => Promise<T>): Promise<T> {
  const token = await session.token();
  try {
    return await run(new RestClient(SERVER, () => token));
  } catch (error) {
    if (error instanceof UnauthenticatedError) session.refused(token);
    throw error;
  }
}
