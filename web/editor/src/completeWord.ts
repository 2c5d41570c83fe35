/** Completes words that stand near the caret: the same small effort in a document of any size. */

import type { CompletionContext, CompletionResult } from "@codemirror/autocomplete";

/** How far to look in either direction, in UTF-16 units. */
const REACH = 20_000;
const MAX_OPTIONS = 100;
/** How many letters must have been typed before words are offered unasked. */
const MIN_TYPED = 2;
const WORD = /[\p{L}\p{N}_]{3,40}/gu;

export function completeWord(context: CompletionContext): CompletionResult | null {
  const typed = context.matchBefore(/[\p{L}\p{N}_]+/u);
  if (!context.explicit && (typed === null || typed.text.length < MIN_TYPED)) return null;
  const prefix = typed?.text.toLowerCase() ?? "";
  const from = typed?.from ?? context.pos;
  const words = new Set<string>();
  for (const near of [
    context.state.sliceDoc(Math.max(0, from - REACH), from),
    context.state.sliceDoc(context.pos, context.pos + REACH),
  ]) {
    for (const [word] of near.matchAll(WORD)) {
      if (word.length > prefix.length && word.toLowerCase().startsWith(prefix)) words.add(word);
      if (words.size === MAX_OPTIONS) break;
    }
  }
  if (words.size === 0) return null;
  return { from, options: [...words].map((label) => ({ label, type: "text" })), validFor: /^[\p{L}\p{N}_]*$/u };
}
