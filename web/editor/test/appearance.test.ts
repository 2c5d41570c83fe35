/** Colours of people and of code: stable, and legible in light and dark. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { colourOf, contrast, rgb } from "../src/colours.ts";
import { AUTHORED, SURFACE, SYNTAX } from "../src/palette.ts";

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

test("ED-14 and on the surface behind what somebody wrote", () => {
  const given = ["#b3261e", "#b0500a", "#8a6100", "#5c6f00", "#2b7a2b", "#007a64"];
  const others = ["#00728f", "#1b62b8", "#4a52c4", "#7542b8", "#9c3492", "#b0305f"];
  for (const person of [...given, ...others].map((colour) => rgb(colour))) {
    for (const [name, shades] of Object.entries(SYNTAX)) {
      for (const [index, share] of [AUTHORED.light, AUTHORED.dark].entries()) {
        const below = rgb(SURFACE[index] ?? "");
        const mixed = below.map((value, part) => value + ((person[part] ?? 0) - value) * (share / 100));
        const ratio = contrast(rgb(shades[index] ?? ""), [mixed[0] ?? 0, mixed[1] ?? 0, mixed[2] ?? 0]);
        assert.ok(ratio >= 4.5, `${name} on ${person}: ${ratio.toFixed(2)}`);
      }
    }
  }
});
