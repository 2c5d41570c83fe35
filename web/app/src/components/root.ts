/** The tree that an element is in: the document's, or a shadow tree, whose ids and focus the document does not know. */

export function rootOf(element: Element): Document | ShadowRoot {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root : element.ownerDocument;
}
