/** The public names of a view's session, and what opens one. */

import { UnavailableError } from "../../../client/src/errors.ts";
import { connectJson } from "../../../client/src/transport/json.ts";
import { KERNEL_GONE, type KernelChannel } from "../channel.ts";
import type { WidgetOptions } from "../model.ts";
import type { JupyterPage } from "../page.ts";
import { Entrance, type Entry } from "./entrance.ts";
import { browserEnvironment, type SessionEnvironment } from "./environment.ts";
import { Ladder, type Rung } from "./ladder.ts";
import { LiveSession, type WidgetSession } from "./session.ts";

export type { SessionEnvironment } from "./environment.ts";
export type { Identity, IdentityKind } from "./identity.ts";
export type { TransportInUse } from "./ladder.ts";
export type { WidgetSession } from "./session.ts";

/**
 * Opens the session of one view. Resolves once it is clear who takes part, without waiting for a connection: that is for
 * `room.ready` to tell.
 *
 * Rejects with UnavailableError when nobody can be signed in or no transport can be used (calling again later may
 * help), and with ForbiddenError (`guests_disabled`) when the server wants more than a name and there is no more here.
 */
export async function openSession(
  options: WidgetOptions,
  channel: KernelChannel,
  page: JupyterPage,
  environment: SessionEnvironment = browserEnvironment(),
): Promise<WidgetSession> {
  const entrance = new Entrance(options, channel, page, environment);
  const connectRelay = environment.relay(channel);
  const rungsOf = ({ transports, ways }: Entry): Rung[] => {
    const rungs = transports.flatMap((transport): Rung[] => {
      if (transport === "relay") {
        return channel.isAlive ? [{ transport, url: options.url, connect: connectRelay }] : [];
      }
      const url = ways[transport];
      return url === null ? [] : [{ transport, url, connect: connectJson }];
    });
    if (rungs.length === 0) throw new UnavailableError(KERNEL_GONE); // all other ways stay as they were found
    return rungs;
  };
  const [entry, store] = await Promise.all([entrance.enter(), environment.openStore()]);
  return new LiveSession(entry, {
    url: options.url,
    roomId: options.room,
    store,
    ...(environment.timing !== undefined && { timing: environment.timing }),
    ladderOf: (who) => new Ladder(() => rungsOf(who), environment.timers),
    headers: () => page.headers(),
    enter: () => entrance.enter(),
  });
}
