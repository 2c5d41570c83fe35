/** Colours of people and of code: stable, and legible in light and dark. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { colourOf, contrast, rgb } from "../src/colours.ts";
import { SURFACE, SYNTAX } from "../src/palette.ts";

test("ED-13 white text can be read on every colour that someone may have chosen", () => {
  for (const colour of ["#ffff00", "#ffffff", "#00ff88", "#808080", "#b3261e", "#000000"]) {
    const { solid, soft } = colourOf({ user_id: "x", colour });
    assert.ok(contrast(rgb(solid), [255, 255, 255]) >= 4.5, `${colour} became ${solid}`);
    assert.match(soft, new RegExp(`^${solid}[0-9a-f]{2}$`));
  }
});

test("ED-14 each colour of code has a contrast of at least 4.5:1 on its surface, light and dark", () => {
  for (const [name, shades] of Object.entries(SYNTAX)) {
    for (const [index, colour] of shades.entries()) {
      const ratio = contrast(rgb(colour), rgb(SURFACE[index] ?? ""));
      assert.ok(ratio >= 4.5, `${name} ${colour}: ${ratio.toFixed(2)}`);
    }
  }
});
