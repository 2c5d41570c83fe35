/** The colours of code: for each, one for the light and one for the dark theme, both readable on their surface. */

export type Shade = readonly [light: string, dark: string];

/** What the app's `--surface` is in either theme, for pages that do not define it. */
export const SURFACE: Shade = ["#ffffff", "#1a1a1d"];

export const SYNTAX = {
  comment: ["#6a6760", "#9a9aa3"],
  keyword: ["#8a2ca8", "#cf9bf5"],
  control: ["#a3276b", "#f092bd"],
  string: ["#1d6e3f", "#8fd6a3"],
  escape: ["#8a5300", "#e8c06c"],
  number: ["#9a4a00", "#f0ad74"],
  name: ["#1d1c19", "#ededf0"],
  function: ["#2548b8", "#93b4ff"],
  type: ["#0b6b75", "#74d3d9"],
  property: ["#275a9c", "#8ec7f5"],
  operator: ["#5d5952", "#b4b4bd"],
  heading: ["#2548b8", "#a8bfff"],
  link: ["#2c48c6", "#a3b4ff"],
  meta: ["#6b5a2e", "#c9b98a"],
  invalid: ["#b42323", "#ff9c96"],
} as const satisfies Record<string, Shade>;

/** How much of its author's colour is mixed into the surface behind a text, in per cent: all code stays readable on it. */
export const AUTHORED = { light: 12, dark: 32 } as const;

/** A CSS value that follows the `color-scheme` of where it is used. */
export function shade([light, dark]: Shade): string {
  return `light-dark(${light}, ${dark})`;
}
