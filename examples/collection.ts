/** Things of one kind, in memory, in the order in which they were added. */
export class Collection<Item extends { id: string }> {
  readonly #what: string
  readonly #items: Map<string, Item>

  constructor (what: string, items: Item[]) {
    this.#what = what
    this.#items = new Map(items.map(item => [item.id, item]))
  }

  list (filter: Partial<Item> = {}): Item[] {
    const wanted = Object.entries(filter) as Array<[keyof Item, unknown]>
    return [...this.#items.values()].filter(item => wanted.every(([field, value]) => item[field] === value))
  }

  get (id: string): Item {
    const item = this.#items.get(id)
    if (item === undefined) throw httpError(404, `${this.#what} ${id} not found`)
    return item
  }

  add (item: Item): Item {
    if (this.#items.has(item.id)) throw httpError(409, `${this.#what} ${item.id} exists already`)
    this.#items.set(item.id, item)
    return item
  }

  update (id: string, changes: Partial<Omit<Item, 'id'>>): Item {
    return Object.assign(this.get(id), changes)
  }

  remove (id: string): void {
    this.#items.delete(this.get(id).id)
  }
}

export function httpError (statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode })
}
