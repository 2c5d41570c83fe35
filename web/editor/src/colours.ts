/** The colours that people have: their own where they chose one, else one that follows from their id. */

/** Whose colour it is; `colour` is `#rrggbb`, or empty when none is known. */
export interface Coloured {
  readonly user_id: string;
  readonly colour?: string;
}

export interface Colours {
  /** For carets, flags and dots; white text on it has a contrast of at least 4.5:1. */
  readonly solid: string;
  /** For what lies behind text: the same, mostly transparent. */
  readonly soft: string;
}

/** Those that the server gives to people who have not chosen, in its order. */
const PALETTE = [
  "#b3261e",
  "#b0500a",
  "#8a6100",
  "#5c6f00",
  "#2b7a2b",
  "#007a64",
  "#00728f",
  "#1b62b8",
  "#4a52c4",
  "#7542b8",
  "#9c3492",
  "#b0305f",
] as const;

const MIN_CONTRAST = 4.5;
const SOFT_ALPHA = "2b"; // 17%

type Rgb = readonly [red: number, green: number, blue: number];

const known = new Map<string, Colours>();

/** The same colours for the same person each time, in every browser. */
export function colourOf(person: Coloured): Colours {
  const base = /^#[0-9a-f]{6}$/i.test(person.colour ?? "") ? (person.colour ?? "") : defaultColour(person.user_id);
  let colours = known.get(base);
  if (colours === undefined) {
    const solid = hex(darkened(rgb(base)));
    colours = { solid, soft: solid + SOFT_ALPHA };
    known.set(base, colours);
  }
  return colours;
}

/** What the server gives someone who has not chosen: by the CRC-32 of their id. */
function defaultColour(userId: string): string {
  return PALETTE[crc32(new TextEncoder().encode(userId)) % PALETTE.length] ?? PALETTE[0];
}

/** The checksum of zlib and PNG (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** As much darker as white text upon it needs. */
function darkened(colour: Rgb): Rgb {
  let dark = colour;
  while (contrast(dark, [255, 255, 255]) < MIN_CONTRAST) {
    dark = [Math.floor(dark[0] * 0.95), Math.floor(dark[1] * 0.95), Math.floor(dark[2] * 0.95)];
  }
  return dark;
}

/** The contrast ratio of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(one: Rgb, other: Rgb): number {
  const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(channel: number): number {
  const part = channel / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

/** The channels of `#rrggbb`. */
export function rgb(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function hex([red, green, blue]: Rgb): string {
  return `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, "0")}`;
}
