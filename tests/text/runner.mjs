// Answers calls of ot-text-unicode: a JSON line [function, ...arguments] in, its result as a JSON line out.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const ottext = createRequire(new URL('../../web/package.json', import.meta.url))('ot-text-unicode')

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line)
  process.stdout.write(JSON.stringify(ottext.type[name](...args)) + '\n')
}
