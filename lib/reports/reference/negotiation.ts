/**
 * Which of these media types a request prefers, by its header `Accept`; of several that it likes as much, the first. The first one
 * too for who likes none, or says nothing: a page that was not asked for so is better than none.
 */
export function preferred<Type extends string> (accept: string | undefined, types: readonly [Type, ...Type[]]): Type {
  const ranges = (accept ?? '*/*').toLowerCase().split(',').map(readRange)
  let best = types[0]
  let most = 0
  for (const type of types) {
    const quality = qualityOf(type, ranges)
    if (quality > most) [best, most] = [type, quality]
  }
  return best
}

interface Range { readonly type: string, readonly quality: number }

function readRange (text: string): Range {
  const [type, ...parameters] = text.split(';').map(part => part.trim())
  const quality = Number(parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? 1)
  return { type: type!, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}

/** By the range that names it most exactly. */
function qualityOf (type: string, ranges: readonly Range[]): number {
  const names = [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']
  for (const name of names) {
    const range = ranges.find(({ type }) => type === name)
    if (range !== undefined) return range.quality
  }
  return 0
}
