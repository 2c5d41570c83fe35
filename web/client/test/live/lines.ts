/** Talk with the process that started this one: JSON lines, commands in and reports out. */

import { createInterface } from "node:readline";

/** The values on standard input, one a line. */
export async function* commands(): AsyncGenerator<unknown> {
  for await (const line of createInterface({ input: process.stdin })) yield JSON.parse(line);
}

export function report(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
