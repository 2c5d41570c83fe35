/** The modules of the bundle that a page has: each is fetched once, however many views want it. */

/** By file name. A file's name has a hash of its content, so one name is one module, whichever kernel it came from. */
export type Loaded = Map<string, Promise<unknown>>;

/**
 * The module in the file `name`: the page's, or what `fetch` brings.
 *
 * Who finds it being fetched waits for that, and tries itself when it fails: the other's kernel may be gone.
 */
export async function loadOnce(loaded: Loaded, name: string, fetch: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    const known = loaded.get(name);
    if (known === undefined) {
      const fetching = fetch().catch((error: unknown) => {
        loaded.delete(name);
        throw error;
      });
      loaded.set(name, fetching);
      return fetching;
    }
    try {
      return await known;
    } catch {
      // Now it is our turn, or that of another who waited.
    }
  }
}
