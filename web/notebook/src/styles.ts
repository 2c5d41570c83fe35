/** The styles of the views: one sheet, adopted by each shadow root. */

import css from "./styles/widget.css?text";

let sheet: CSSStyleSheet | null = null;

export function adoptStyles(root: ShadowRoot): void {
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  root.adoptedStyleSheets.push(sheet);
}
