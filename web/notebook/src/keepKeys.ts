/** Keeps what is typed and pasted in a view from Jupyter: "dd" written in a sentence must not delete a cell. */

/**
 * Jupyter's shortcuts look at the element that has the focus and its parents for `data-lm-suppress-shortcuts`, which the
 * host has; seen from outside of its shadow tree, the host is that element. Other listeners, those of the notebook around
 * it say, wait for the events to bubble up to them.
 */
const KEPT = ["keydown", "keypress", "keyup", "paste", "copy", "cut", "beforeinput", "input", "dblclick"] as const;

export function keepKeys(root: ShadowRoot): void {
  for (const type of KEPT) root.addEventListener(type, (event) => event.stopPropagation());
}
