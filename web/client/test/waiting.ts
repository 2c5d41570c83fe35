/** Waiting for a condition that nobody announces. */

import assert from "node:assert/strict";

const PATIENCE = 10_000;

/** Resolves once `holds()`; looked at in every turn of the event loop. */
export async function until(holds: () => boolean | Promise<boolean>, what = holds.toString()): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `this never came: ${what}`);
    await turn();
  }
}

/** Let everything else that is ready happen first. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
