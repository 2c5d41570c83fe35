/** A file as it comes from the kernel: in parts, in any order, some perhaps twice, some perhaps lost. */

export class Parts {
  readonly #texts = new Map<number, string>();
  #count: number | null = null;

  /** Whether all parts are here. */
  get isWhole(): boolean {
    return this.#texts.size === this.#count;
  }

  /** The file; null while a part is missing. */
  get text(): string | null {
    const inOrder = [...this.#texts].sort(([one], [other]) => one - other);
    return this.isWhole ? inOrder.map(([, text]) => text).join("") : null;
  }

  /** Takes in part `index` (from 0) of `count`. False for what is no part, and for one that is here already. */
  add(index: unknown, count: unknown, text: unknown): boolean {
    if (!isCount(index) || !isCount(count) || index >= count || typeof text !== "string") return false;
    if (this.#count !== count) {
      this.#texts.clear(); // the file changed while it was sent
      this.#count = count;
    }
    const isNew = !this.#texts.has(index);
    this.#texts.set(index, text);
    return isNew;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
