import { within } from '../../keys/within.js'
import { clusterSettings, serverSettings, type Connection, type ConnectionSettings, type RedisClient } from './client.js'
import { loadDriver } from './driver.js'
import { readUrl, type Address } from './options.js'

/** Makes connections to where the store is. */
export interface Connector {
  /** Host and port, for messages. */
  readonly place: string
  /** A connection that is ready. It mends itself from then on, until it is disconnected. */
  connect (settings: ConnectionSettings): Promise<Connection>
}

/** @param source a client, which stays as it is, or a URL. */
export function connectorTo (source: string | RedisClient): Connector {
  if (typeof source === 'string') return connectorToUrl(readUrl(source))
  if (typeof source?.duplicate !== 'function' || typeof source.isCluster !== 'boolean') throw new TypeError(NO_SOURCE)
  return connectorLike(source as unknown as GivenClient)
}

/** With the settings of the user's client, but for time-outs, queues and what is sent again. */
function connectorLike (client: GivenClient): Connector {
  return {
    place: placeOf(client),
    async connect (settings) {
      return await ready(settings, client.isCluster
        ? client.duplicate([], clusterSettings(settings, client.options?.redisOptions))
        : client.duplicate(serverSettings(settings)))
    }
  }
}

/** A server of a cluster leads to all of it. */
function connectorToUrl (address: Address): Connector {
  const { host, port, username, password, tls } = address

  return {
    place: `${host}:${port}`,
    async connect (settings) {
      const { Redis, Cluster } = await loadDriver()
      const single = await ready(settings, new Redis({ ...address, ...serverSettings(settings) }))
      // A user who may not ask is told of a cluster by the first command. A server that is alone in one does not know its own address.
      const info = await single.cluster('INFO').catch(() => '')
      if (!/^cluster_known_nodes:(?!1\b)/m.test(info)) return single
      single.disconnect()
      // Certificates are for names, and a cluster with certificates tells names: they must not become addresses.
      const lookUp = tls && { dnsLookup: (name: string, found: (error: null, name: string) => void) => { found(null, name) } }
      return await ready(settings, new Cluster([{ host, port }], { ...clusterSettings(settings, { username, password, tls }), ...lookUp }))
    }
  }
}

async function ready (settings: ConnectionSettings, connection: Connection): Promise<Connection> {
  let trouble: Error | undefined
  // Without a listener, the loss of a connection would end the process.
  connection.on('error', (error) => { trouble = error })
  try {
    await within(settings.timeout, connection.connect(), () => new Error(`there is no connection after ${settings.timeout} ms`))
    return connection
  } catch (error) {
    connection.disconnect()
    throw trouble ?? error
  }
}

function placeOf ({ isCluster, options, startupNodes }: GivenClient): string {
  if (!isCluster) return options?.path ?? `${options?.host}:${options?.port}`
  const nodes = (startupNodes ?? []).map(node => typeof node === 'object' ? `${node.host}:${node.port}` : String(node).replace(/^.*@/, ''))
  return nodes.join(', ')
}

/** What there is of a client beside what it needs to have. */
interface GivenClient {
  readonly isCluster: boolean
  readonly options?: { readonly host?: string, readonly port?: number, readonly path?: string, readonly redisOptions?: object }
  readonly startupNodes?: ReadonlyArray<string | number | { readonly host?: string, readonly port?: number }>
  duplicate (...overrides: object[]): Connection
}

const NO_SOURCE = 'redisStore needs a client of ioredis or iovalkey, or a URL such as redis://localhost:6379'
