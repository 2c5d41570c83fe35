/** What it costs to express a keystroke in a document of 1 MB as an operation, and an operation as changes. */

import { ChangeSet, type Text } from "@codemirror/state";
import { documentOf } from "../src/binding.ts";
import { changesOf, operationOf } from "../src/operations.ts";

const LINE = "const total = prices.reduce((sum, price) => sum + price, 0); // everything in the basket\n";
const KEYS = 2_000;

for (const [name, text] of [
  ["no surrogate pairs", LINE.repeat(12_000)],
  ["a pair in each line", LINE.replace("everything", "😀").repeat(13_000)],
  ["one line, with pairs", LINE.replace("\n", "😀").repeat(12_000)],
] as const) {
  let doc = documentOf(text);
  const first = time(() => key(doc, 5));
  const times: number[] = [];
  for (let index = 0; index < KEYS; index++) {
    const at = doc.line(1 + Math.floor(doc.lines * Math.random())).from;
    times.push(
      time(() => {
        doc = key(doc, at);
      }),
    );
  }
  times.sort((a, b) => a - b);
  const [median, worst] = [times[KEYS >> 1] ?? 0, times[Math.floor(KEYS * 0.99)] ?? 0];
  process.stdout.write(
    `${name} (${(text.length / 1e6).toFixed(2)} M units): first key ${first.toFixed(2)} ms, then p50 ${median.toFixed(4)} ms, p99 ${worst.toFixed(4)} ms\n`,
  );
}

/** A letter typed here, and then received as others receive it. */
function key(doc: Text, at: number): Text {
  const op = operationOf(ChangeSet.of({ from: at, insert: "x" }, doc.length, "\n"), doc);
  return changesOf(op, doc).apply(doc);
}

function time(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
