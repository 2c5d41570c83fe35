/** What the browser keeps for a page. Where it is shut (a private window, say) nothing is kept, and nothing fails. */

export type PageStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Null where the reader forbids it. */
export function browserStorage(name: "localStorage" | "sessionStorage"): PageStorage | null {
  try {
    return globalThis[name];
  } catch {
    return null;
  }
}

export function readItem(storage: PageStorage | null, key: string): string | null {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

/** Null removes it. */
export function writeItem(storage: PageStorage | null, key: string, value: string | null): void {
  try {
    if (value === null) storage?.removeItem(key);
    else storage?.setItem(key, value);
  } catch {
    // What it was to hold lasts as long as the page.
  }
}
