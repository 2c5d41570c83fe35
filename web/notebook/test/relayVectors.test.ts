/** What a link in Python did at each recorded step, one in TypeScript does too, and the other way round (RELAY-3). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Record, RecordedLink } from "./relayRecording.ts";
import { make, recorded } from "./relayWhims.ts";

const { runs } = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/relay/simulated.json", import.meta.url), "utf-8"),
) as { runs: Record[] };

test("RELAY-3: there are vectors", () => assert.ok(runs.length >= 10));

for (const { name, steps, ...setting } of runs) {
  test(`RELAY-3: ${name}`, () => {
    const link = new RecordedLink({ name, ...setting } as Record);
    for (const [number, step] of steps.entries()) {
      const { gives: _, told: __, due: ___, phase: ____, full: _____, ...action } = step;
      assert.deepEqual(link.do(action), step, `step ${number}`);
    }
  });
}

test("RELAY-3: whimsical.json is what links do; `node web/notebook/test/relayWhims.ts` writes it anew", () => {
  assert.equal(recorded(), make());
});
