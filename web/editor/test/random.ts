/** Random texts and edits from a seed, with plenty of surrogate pairs and line ends. */

export type Random = () => number;

/** Mulberry32: a small generator of numbers in [0, 1), the same for the same seed. */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function below(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

const CHARACTERS = ["a", "b", "z", " ", "é", "漢", "\n", "\r\n", "\r", "😀", "😁", "👩‍💻", "🇩🇪", "𝒳"];

export function randomText(random: Random, most: number): string {
  let text = "";
  for (let count = below(random, most + 1); count > 0; count--) text += CHARACTERS[below(random, CHARACTERS.length)];
  return text;
}

/** An offset in UTF-16 units that lies between two characters. */
export function randomOffset(random: Random, text: string): number {
  const offset = below(random, text.length + 1);
  const unit = text.charCodeAt(offset);
  return unit >= 0xdc00 && unit <= 0xdfff ? offset - 1 : offset;
}
