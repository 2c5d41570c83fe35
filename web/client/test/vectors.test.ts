/** What the client in Python did at each recorded step, this one does too (CL-1 to CL-19, CL-31 to CL-39). */

import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Run, replay } from "./replay.ts";

for (const name of ["simulated", "whimsical"]) {
  const url = new URL(`../../../tests/vectors/client/${name}.json`, import.meta.url);
  const { runs } = JSON.parse(readFileSync(url, "utf-8")) as { runs: Run[] };
  for (const run of runs) {
    test(`CL-1 to CL-19, CL-31 to CL-39: ${name}: ${run.name}`, () => replay(run));
  }
}
