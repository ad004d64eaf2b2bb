import { randomUUID } from 'node:crypto'

export interface Item { readonly id: string, readonly [field: string]: unknown }
export interface Fields { readonly [field: string]: unknown }

/** Things of one kind, in the order in which they were created. */
export class Collection {
  readonly #items = new Map<string, Item>()
  readonly #idIn: string | undefined

  /** `idIn`: the field that the id is taken from, for things that are known by their name. */
  constructor (initial: { readonly [id: string]: Fields } = {}, { idIn }: { idIn?: string } = {}) {
    this.#idIn = idIn
    for (const [id, fields] of Object.entries(initial)) this.#items.set(id, { id, ...idIn && { [idIn]: id }, ...fields })
  }

  /** Those that have all of these fields. */
  list (where: Fields = {}): Item[] {
    return [...this.#items.values()].filter(item => Object.entries(where).every(([field, value]) => item[field] === value))
  }

  find (id: string, where: Fields = {}): Item | undefined {
    return this.list(where).find(item => item.id === id)
  }

  get (id: string, where: Fields = {}): Item {
    const item = this.find(id, where)
    if (item === undefined) throw httpError(404, NOT_FOUND)
    return item
  }

  add (fields: Fields): Item {
    const id = this.#idIn === undefined ? randomUUID() : String(fields[this.#idIn])
    if (this.#items.has(id)) throw httpError(409, `${id} exists already`)
    const item = { id, ...fields, created_at: new Date().toISOString() }
    this.#items.set(id, item)
    return item
  }

  update (id: string, changes: Fields, where: Fields = {}): Item {
    const item = { ...this.get(id, where), ...changes }
    this.#items.set(id, item)
    return item
  }

  remove (id: string, where: Fields = {}): void {
    this.#items.delete(this.get(id, where).id)
  }
}

export const NOT_FOUND = 'The resource you were accessing could not be found.'

export function httpError (statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode })
}
