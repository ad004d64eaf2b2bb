/**
 * The strongly connected components of a directed graph (Tarjan): nodes that can reach each other stand together. Each
 * component comes after all that it leads to.
 */
export function components<Node> (nodes: Iterable<Node>, next: (node: Node) => Iterable<Node>): Node[][] {
  const found: Node[][] = []
  /** When each node was met, and the earliest node still open that it leads back to. */
  const met = new Map<Node, { readonly at: number, earliest: number, open: boolean }>()
  const open: Node[] = []
  // A path of our own, not the call stack: a chain of thousands of scopes must not overflow it.
  const path: Array<{ readonly node: Node, readonly rest: Iterator<Node> }> = []

  function enter (node: Node): void {
    met.set(node, { at: met.size, earliest: met.size, open: true })
    open.push(node)
    path.push({ node, rest: next(node)[Symbol.iterator]() })
  }

  for (const start of nodes) {
    if (!met.has(start)) enter(start)
    while (path.length > 0) {
      const { node, rest } = path.at(-1)!
      const here = met.get(node)!
      const step = rest.next()
      if (step.done !== true) {
        const there = met.get(step.value)
        if (there === undefined) enter(step.value)
        else if (there.open) here.earliest = Math.min(here.earliest, there.at)
        continue
      }
      path.pop()
      const before = path.at(-1)
      if (before !== undefined) {
        const there = met.get(before.node)!
        there.earliest = Math.min(there.earliest, here.earliest)
      }
      if (here.earliest === here.at) {
        const component = open.splice(open.lastIndexOf(node))
        for (const member of component) met.get(member)!.open = false
        found.push(component)
      }
    }
  }
  return found
}
