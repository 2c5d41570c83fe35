/** Finds web addresses in what people wrote, so that they can be shown as links without any markup being trusted. */

export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…]+$/;

/** The parts of `content`, in order; together their texts are `content`. Only http and https become links. */
export function textParts(content: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of content.matchAll(ADDRESS)) {
    const address = withoutTrailing(match[0]);
    const href = safeAddress(address);
    if (href === null) {
      continue;
    }
    if (match.index > from) {
      parts.push({ kind: "text", text: content.slice(from, match.index) });
    }
    parts.push({ kind: "link", text: address, href });
    from = match.index + address.length;
  }
  if (from < content.length) {
    parts.push({ kind: "text", text: content.slice(from) });
  }
  return parts;
}

/** Without the punctuation of the sentence around it, and without a bracket that was opened outside of it. */
function withoutTrailing(address: string): string {
  let kept = address.replace(TRAILING, "");
  for (const [open, close] of [
    ["(", ")"],
    ["[", "]"],
  ] as const) {
    while (kept.endsWith(close) && count(kept, close) > count(kept, open)) {
      kept = kept.slice(0, -1).replace(TRAILING, "");
    }
  }
  return kept;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function safeAddress(address: string): string | null {
  if (!URL.canParse(address)) {
    return null;
  }
  const url = new URL(address);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
}
