import type { Connection } from './client.js'

export interface Driver {
  readonly Redis: new (options: object) => Connection
  readonly Cluster: new (nodes: ReadonlyArray<{ host: string, port: number }>, options: object) => Connection
}

/** The client library that is there. */
export async function loadDriver (load: (name: string) => Promise<Driver & { default?: Driver }> = (name) => import(name)): Promise<Driver> {
  for (const name of ['ioredis', 'iovalkey']) {
    try {
      const { Redis, Cluster } = await load(name)
      return { Redis, Cluster }
    } catch (error) {
      if (!/ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND/.test(String((error as { code?: string }).code))) throw error
    }
  }
  throw new Error('the package ioredis is not there; install it (npm install ioredis)')
}
