/** A transport whose code is loaded when it is first used, so that pages which use another do not carry it. */

import { RayroomsError, UnavailableError } from "../errors.ts";
import { addressesOf } from "./address.ts";
import type { Connect, Connection } from "./connection.ts";

/** `load` fetches the code of the transport `name`. */
export function lazy(name: string, load: () => Promise<Connect>): Connect {
  return (url, token, events) => {
    addressesOf(url); // what is no URL is refused here and now, as by every transport
    let inner: Connection | null = null;
    let isOver = false;
    const begin = async (): Promise<void> => {
      const connect = await load();
      if (!isOver) inner = connect(url, token, events);
    };
    begin().catch((error: unknown) => {
      if (isOver) return;
      events.ended(error instanceof RayroomsError ? error : new UnavailableError(`${name} cannot be loaded.`));
    });
    return {
      send: (message) => inner?.send(message),
      close: () => {
        isOver = true;
        inner?.close();
      },
    };
  };
}
