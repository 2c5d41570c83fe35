/** The title of the window. */

import { useEffect } from "preact/hooks";

const PRODUCT = "Rayrooms";

/** Names the window after what it shows; null is the product alone. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    document.title = title ? `${title} · ${PRODUCT}` : PRODUCT;
  }, [title]);
}
