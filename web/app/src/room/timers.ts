/** The page's timer as the logic takes it. */

/** Calls back after `ms`; returns what cancels that. */
export function afterOnPage(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
