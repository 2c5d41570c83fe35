/** What a browser tells of its connection and of the page, told to a room. */

export interface Attention {
  /** The network changed, or the page is looked at again after it may have slept: is the connection still there? */
  doubted: () => void;
  /** The page is hidden or about to end: there may be no other chance to write anything. */
  leaving: () => void;
}

/** Returns what ends it. Does nothing outside of a page. */
export function watchPage(attention: Attention): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => {};
  const doubted = () => attention.doubted();
  const leaving = () => attention.leaving();
  const seen = () => (document.visibilityState === "visible" ? doubted() : leaving());
  const atWindow = [
    ["online", doubted],
    ["offline", doubted],
    ["pageshow", doubted],
    ["pagehide", leaving],
  ] as const;
  for (const [name, listener] of atWindow) window.addEventListener(name, listener);
  document.addEventListener("visibilitychange", seen);
  return () => {
    for (const [name, listener] of atWindow) window.removeEventListener(name, listener);
    document.removeEventListener("visibilitychange", seen);
  };
}
