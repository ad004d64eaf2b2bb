import { randomUUID } from 'node:crypto'

export interface Vehicle { id: string, plateNumber: string, type: string, brand: string | null, model: string | null }
export interface Template { id: string, title: string, items: string[] }
export interface Inspection {
  id: string
  templateId: string
  vehicleIds: string[]
  responses: Array<{ templateItemId: string, responseText: string }>
  notes: string
  status: 'COMPLETED'
  performedAt: string
}

export type Data = ReturnType<typeof someData>

/** The company, in memory: a restart brings it all back. */
export function someData () {
  return {
    vehicles: new Collection<Vehicle>('Vehicle', [
      { id: 'truck', plateNumber: 'ABC-1234', type: 'TRACTOR_UNIT', brand: 'Volvo', model: 'FH16' },
      { id: 'trailer', plateNumber: 'XYZ-9876', type: 'SEMI_TRAILER', brand: null, model: null }
    ]),
    templates: new Collection<Template>('Inspection template', [
      { id: 'pre-trip', title: 'Pre-Trip Inspection', items: ['lights', 'tires'] }
    ]),
    inspections: new Collection<Inspection>('Inspection', [])
  }
}

export class Collection<Item extends { id: string }> {
  readonly #what: string
  readonly #items: Map<string, Item>

  constructor (what: string, items: Item[]) {
    this.#what = what
    this.#items = new Map(items.map(item => [item.id, item]))
  }

  list (): Item[] {
    return [...this.#items.values()]
  }

  get (id: string): Item {
    const item = this.#items.get(id)
    if (item === undefined) throw Object.assign(new Error(`${this.#what} not found`), { statusCode: 404 })
    return item
  }

  add (fields: Omit<Item, 'id'>): Item {
    const item = { id: randomUUID(), ...fields } as Item
    this.#items.set(item.id, item)
    return item
  }

  update (id: string, changes: Omit<Item, 'id'>): Item {
    return Object.assign(this.get(id), changes)
  }
}
