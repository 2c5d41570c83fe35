/** The nonce that lets scripts of this page add style sheets under its Content-Security-Policy. */

/** Browsers show it to scripts as a property only; null in a page without one. */
export function pageNonce(): string | null {
  const holder = document.querySelector<HTMLElement>("meta[name='csp-nonce'], script[nonce], style[nonce]");
  const nonce = holder?.nonce || (holder?.getAttribute("content") ?? "");
  return nonce === "" ? null : nonce;
}
