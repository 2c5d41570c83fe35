/** Finds out who takes part from a view, and which ways to the room server are theirs. */

import type { SignedIn } from "../../../app/src/session.ts";
import { ForbiddenError, UnavailableError } from "../../../client/src/errors.ts";
import { RestClient } from "../../../client/src/rest/client.ts";
import { KERNEL_GONE, type KernelChannel } from "../channel.ts";
import type { WidgetOptions } from "../model.ts";
import type { JupyterPage } from "../page.ts";
import type { SessionEnvironment } from "./environment.ts";
import { askExtension, type ExtensionAnswer, MISCONFIGURED, type Vouched } from "./extension.ts";
import { enterAsGuest } from "./guests.ts";
import { type Credentials, KERNEL_CREDENTIALS } from "./identity.ts";
import type { TransportInUse } from "./ladder.ts";
import { byKernel, byRest } from "./signin.ts";
import { VouchedCredentials } from "./vouched.ts";
import { isSameServer, ladderOf, noWay, type Surroundings, type Ways, waysOf } from "./ways.ts";

/** Somebody who may enter, and the ways that are theirs, best first. */
export interface Entry {
  readonly credentials: Credentials;
  readonly transports: readonly TransportInUse[];
  readonly ways: Ways;
}

export class Entrance {
  readonly #options: Pick<WidgetOptions, "url" | "proxyPath" | "transport">;
  readonly #channel: KernelChannel;
  readonly #page: JupyterPage;
  readonly #environment: Pick<SessionEnvironment, "fetch" | "shelf" | "time" | "timers">;

  constructor(
    options: Pick<WidgetOptions, "url" | "proxyPath" | "transport">,
    channel: KernelChannel,
    page: JupyterPage,
    environment: Pick<SessionEnvironment, "fetch" | "shelf" | "time" | "timers">,
  ) {
    this.#options = options;
    this.#channel = channel;
    this.#page = page;
    this.#environment = environment;
  }

  /**
   * Whom Jupyter vouches for; else the guest of this browser; else, where the room server admits no guests, the kernel's
   * own user. Over a relay that was asked for, nobody is vouched for: it passes through the kernel.
   *
   * Rejects with UnavailableError when there is no way, or nobody can be signed in now (`misconfigured`: by an extension
   * that should vouch for people and cannot), and with ForbiddenError (`guests_disabled`) when it takes more than a name
   * and there is no more.
   */
  async enter(): Promise<Entry> {
    const { transport } = this.#options;
    const [surroundings, vouched] = await this.#lookAround();
    if (vouched !== null && transport !== "relay") {
      const options = { now: this.#environment.time, ask: () => this.#askExtension() };
      return this.#entry(new VouchedCredentials(vouched, options), surroundings);
    }
    const ways = waysOf("guest", surroundings);
    this.#transports("guest", ways, surroundings); // nobody is signed in who could not enter then
    try {
      return this.#entry(await this.#guest(ways), surroundings);
    } catch (error) {
      if (!(error instanceof ForbiddenError)) throw error;
      if (transport === "auto" || transport === "relay") return this.#entry(KERNEL_CREDENTIALS, surroundings);
      throw new ForbiddenError(
        "The room server admits no guests, and Jupyter does not vouch for you there. Let Jupyter's rayrooms extension " +
          "share a secret with the room server, or take part as the kernel's user: transport auto or relay.",
        { code: "guests_disabled", cause: error },
      );
    }
  }

  /** Where the page and the server are, and whom the extension vouches for, if it leads to that very server. */
  async #lookAround(): Promise<[Surroundings, Vouched | null]> {
    const { href } = this.#page;
    const { url } = this.#options;
    const proxyUrl = this.#proxyUrl;
    const answer = proxyUrl === null ? null : await this.#askExtension().catch(noAnswer);
    const { publicUrl = null } = answer ?? {};
    const names = answer === null ? [] : [answer.url, ...(publicUrl === null ? [] : [publicUrl])];
    if (proxyUrl === null || answer === null || !names.some((name) => isSameServer(name, url))) {
      return [{ href, url, proxy: null }, null];
    }
    return [{ href, url, proxy: { url: proxyUrl, publicUrl } }, answer.vouched];
  }

  get #proxyUrl(): string | null {
    const { baseUrl } = this.#page;
    return baseUrl === null ? null : baseUrl + this.#options.proxyPath;
  }

  #askExtension(): Promise<ExtensionAnswer> {
    return askExtension(this.#page, this.#proxyUrl ?? "", this.#environment.fetch);
  }

  #entry(credentials: Credentials, surroundings: Surroundings): Entry {
    const { kind } = credentials.identity;
    const ways = waysOf(kind, surroundings);
    return { credentials, ways, transports: this.#transports(kind, ways, surroundings) };
  }

  /** Throws UnavailableError when there is none. */
  #transports(kind: Credentials["identity"]["kind"], ways: Ways, surroundings: Surroundings): TransportInUse[] {
    const transports = ladderOf(this.#options.transport, kind, ways);
    if (transports.length === 0) throw noWay(this.#options.transport, surroundings);
    const needsKernel = transports.every((transport) => transport === "relay");
    if (needsKernel && !this.#channel.isAlive) throw new UnavailableError(KERNEL_GONE);
    return transports;
  }

  #guest({ direct, proxy }: Ways): Promise<Credentials> {
    const { shelf, time, timers } = this.#environment;
    const isRelayed = this.#options.transport === "relay"; // by somebody who knows that there is no other way
    const servers: ((token?: () => string) => RestClient)[] = [];
    if (direct !== null && !isRelayed) servers.push((token) => new RestClient(direct, token));
    if (proxy !== null && !isRelayed) servers.push((token) => this.#proxied(proxy, token));
    return enterAsGuest({
      server: this.#options.url,
      shelf,
      now: time,
      signIn: [
        ...servers.map((server) => (name: string) => byRest(timers.after, () => server().signInGuest(name))),
        (name: string): Promise<SignedIn> => byKernel(this.#channel, timers.after, name),
      ],
      renew: servers.map((server) => (token: string) => byRest(timers.after, () => server(() => token).renew())),
      user: () => this.#page.user(),
    });
  }

  #proxied(proxy: string, token?: () => string): RestClient {
    return new RestClient(proxy, token, { headers: () => this.#page.headers() });
  }
}

/** There need not be an extension; but none takes the place of one that was meant to vouch for people. */
function noAnswer(error: unknown): null {
  if (error instanceof UnavailableError && error.code === MISCONFIGURED) throw error;
  return null;
}
