import { randomBytes } from 'node:crypto'

export interface ConfigType { name: string, slug: string }
export interface ConfigSchema {
  config_type_id: string
  language: string
  format: string
  instance_filepath: string
  documents: Array<{ name: string, data: string }>
}
export interface ConfigInstance { config_schema_id: string, content: { format: 'json', data: string } }
export interface GitCommit { sha: string, message: string, origin: string }
export interface Release { version: string, config_schema_ids: string[] }
export interface Device {
  name: string
  status: 'inactive' | 'online'
  last_ping_at?: string
  /** What is known of the latest one; the token itself is shown once. */
  activation_token?: { allow_reactivation: boolean, expires_at: string }
}
export interface Deployment {
  description: string
  device_id: string
  release_id: string
  config_instance_ids: string[]
  status: 'created' | 'staged' | 'drifted' | 'queued' | 'archived'
}

export type Data = ReturnType<typeof someData>

/** A small workspace, in memory: a restart brings it all back. */
export function someData () {
  const what = { device_id: 'dvc_arm', release_id: 'rls_1', config_instance_ids: ['cfg_inst_slow'] }
  return {
    configTypes: new Collection<ConfigType>('config_type', 'cfg_typ', {
      cfg_typ_motion: { name: 'Motion Control', slug: 'motion-control' }
    }),
    configSchemas: new Collection<ConfigSchema>('config_schema', 'cfg_sch', {
      cfg_sch_motion: {
        config_type_id: 'cfg_typ_motion',
        language: 'jsonschema',
        format: 'json',
        instance_filepath: '/v1/motion-control.json',
        documents: [{ name: 'motion-control.json', data: '{ "type": "object" }' }]
      }
    }),
    configInstances: new Collection<ConfigInstance>('config_instance', 'cfg_inst', {
      cfg_inst_slow: { config_schema_id: 'cfg_sch_motion', content: { format: 'json', data: '{ "speed": 1 }' } }
    }),
    gitCommits: new Collection<GitCommit>('git_commit', 'git_commit', {
      git_commit_1: { sha: 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0', message: 'Slow down', origin: 'https://git.example.com/robots.git' }
    }),
    releases: new Collection<Release>('release', 'rls', {
      rls_1: { version: 'v1.0.0', config_schema_ids: ['cfg_sch_motion'] }
    }),
    devices: new Collection<Device>('device', 'dvc', {
      dvc_arm: { name: 'Arm', status: 'online' },
      dvc_new: { name: 'Fresh from the box', status: 'inactive' },
      dvc_old: { name: 'To be scrapped', status: 'inactive' }
    }),
    deployments: new Collection<Deployment>('deployment', 'dpl', {
      dpl_created: { ...what, description: 'Neither staged nor deployed yet', status: 'created' },
      dpl_staged: { ...what, description: 'To be deployed', status: 'staged' },
      dpl_drifted: { ...what, description: 'To be archived', status: 'drifted' },
      dpl_queued: { ...what, description: 'On its way', status: 'queued' }
    })
  }
}

export type Stored<Fields> = Fields & { readonly object: string, readonly id: string, readonly created_at: string }

/** Objects of one kind, in the order in which they were created. It makes their ids. */
export class Collection<Fields extends object> {
  readonly #object: string
  readonly #prefix: string
  readonly #items = new Map<string, Stored<Fields>>()

  constructor (object: string, prefix: string, initial: { readonly [id: string]: Fields }) {
    this.#object = object
    this.#prefix = prefix
    for (const [id, fields] of Object.entries(initial)) this.add(fields, id)
  }

  list (isWanted: (item: Stored<Fields>) => boolean = () => true) {
    return { object: 'list', data: [...this.#items.values()].filter(isWanted) }
  }

  get (id: string): Stored<Fields> {
    const item = this.#items.get(id)
    if (item === undefined) throw httpError(404, `There is no ${this.#object} ${id}`)
    return item
  }

  add (fields: Fields, id = `${this.#prefix}_${randomBytes(8).toString('hex')}`): Stored<Fields> {
    const item = { object: this.#object, id, created_at: new Date().toISOString(), ...fields }
    this.#items.set(id, item)
    return item
  }

  update (id: string, changes: Partial<Fields>): Stored<Fields> {
    return Object.assign(this.get(id), changes)
  }

  remove (id: string) {
    this.#items.delete(this.get(id).id)
    return { object: this.#object, id, deleted: true }
  }
}

export function httpError (statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode })
}
