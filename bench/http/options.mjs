// What may be said on the command line.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { TOOL_NAMES } from './cross-check.mjs'
import { VARIANTS } from './variants/index.mjs'

export const HELP = `npm run bench:http -- [options]

  --full               what is published: more processes, more slices
  --only <name,...>    only these: ${VARIANTS.map(({ name }) => name).join(', ')}
  --processes <n>      fresh processes for each variant
  --slices <n>         slices for each process
  --keys <n>           how many keys there are, each used at random (100000)
  --with <tool>        the same once more with ${TOOL_NAMES.join(' or ')}
  --against <folder>   beside each of ours, the same of another checkout that was built (npm run build)
`

const QUICK = { processes: 2, slices: 12 }
const FULL = { processes: 4, slices: 20 }

/** @throws {Error} what is wrong, for whoever typed it */
export function readOptions (args) {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string' },
      processes: { type: 'string' },
      slices: { type: 'string' },
      keys: { type: 'string' },
      with: { type: 'string' },
      against: { type: 'string' }
    }
  })
  const size = values.full ? FULL : QUICK
  return {
    help: values.help,
    variants: chosen(values.only),
    tool: toolNamed(values.with),
    checkout: fileURLToPath(new URL('../..', import.meta.url)),
    against: values.against === undefined ? undefined : join(resolve(values.against), '/'),
    processes: count('processes', values.processes ?? size.processes),
    slices: count('slices', values.slices ?? size.slices),
    milliseconds: 90,
    warmUpMilliseconds: 700,
    keys: count('keys', values.keys ?? 100_000)
  }
}

function chosen (only) {
  if (only === undefined) return VARIANTS
  const names = only.split(',')
  const unknown = names.filter(name => VARIANTS.every(variant => variant.name !== name))
  if (unknown.length > 0) throw new Error(`--only: there is no ${unknown.join(', ')}; there are ${VARIANTS.map(({ name }) => name).join(', ')}`)
  return VARIANTS.filter(({ name }) => names.includes(name))
}

function toolNamed (name) {
  if (name === undefined || TOOL_NAMES.includes(name)) return name
  throw new Error(`--with must be ${TOOL_NAMES.join(' or ')}, not ${name}`)
}

function count (name, text) {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number from 1 on, not ${text}`)
  return number
}
