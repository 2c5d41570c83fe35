/** Rule APP-19: the palette is legible, in light and in dark. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const CSS = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");

type Scheme = "light" | "dark";

/** The value of a token in a scheme, as `#rrggbb`. */
function colour(name: string, scheme: Scheme): string {
  const found = new RegExp(`--${name}: (?:light-dark\\((#\\w{6}), (#\\w{6})\\)|(#\\w{6}));`).exec(CSS);
  assert.ok(found, `--${name} is no opaque colour`);
  const [, light, dark, both] = found;
  return (scheme === "light" ? light : dark) ?? both ?? "";
}

/** Relative luminance by WCAG 2.2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ["bg", "surface", "surface-raised", "surface-sunken"];
const TEXTS = ["text", "text-muted", "text-faint", "accent-text", "danger-text", "warning-text", "success-text"];
const PAIRS: readonly (readonly [front: string, back: string, least: number])[] = [
  ...TEXTS.flatMap((text) => SURFACES.map((surface) => [text, surface, 4.5] as const)),
  ...SURFACES.map((surface) => ["border-control", surface, 3] as const),
  ...SURFACES.map((surface) => ["focus", surface, 3] as const),
  ...["accent", "accent-hover", "accent-active"].map((fill) => ["on-accent", fill, 4.5] as const),
  ...["danger", "danger-hover"].map((fill) => ["on-danger", fill, 4.5] as const),
  ...["accent", "danger", "warning", "success"].map((meaning) => [`${meaning}-text`, `${meaning}-soft`, 4.5] as const),
  ["text", "selection", 4.5],
  ["text", "search-match", 4.5],
];

for (const scheme of ["light", "dark"] as const) {
  test(`APP-19 words, controls and focus can be told from what they stand on (${scheme})`, () => {
    const poor = PAIRS.filter(([front, back, least]) => contrast(colour(front, scheme), colour(back, scheme)) < least);
    const told = poor.map(([front, back]) => `${front} on ${back}`);
    assert.deepEqual(told, []);
  });
}
