import { segmentsOf } from './name.js'

/** Answers which of the names a pattern matches, in their order. */
export type Matching = (pattern: string) => readonly string[]

/** Cuts the names up once, so that a catalog may have thousands of scopes and of patterns. */
export function matching (names: Iterable<string>): Matching {
  const all: CutName[] = []
  const byFirst = new Map<string, CutName[]>()
  const answers = new Map<string, readonly string[]>()

  for (const name of names) {
    const cut = { name, segments: segmentsOf(name) }
    const [first] = cut.segments
    const others = byFirst.get(first!)
    all.push(cut)
    if (others === undefined) byFirst.set(first!, [cut])
    else others.push(cut)
  }

  return pattern => {
    let answer = answers.get(pattern)
    if (answer === undefined) {
      const wanted = segmentsOf(pattern)
      const candidates = wanted[0] === '*' ? all : byFirst.get(wanted[0]!) ?? []
      answer = candidates.filter(({ segments }) => matches(wanted, segments)).map(({ name }) => name)
      answers.set(pattern, answer)
    }
    return answer
  }
}

interface CutName { readonly name: string, readonly segments: readonly string[] }

/**
 * Segment by segment: a `*` stands for exactly one whole segment, a final `*` for one or more, `*` alone for every name.
 * Never a prefix match.
 */
function matches (wanted: readonly string[], given: readonly string[]): boolean {
  if (given.length < wanted.length) return false
  if (given.length > wanted.length && wanted.at(-1) !== '*') return false
  return wanted.every((segment, i) => segment === '*' || segment === given[i])
}
