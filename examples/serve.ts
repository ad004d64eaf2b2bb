import { parseArgs } from 'node:util'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { KeyStore } from 'fastify-api-key-scopes'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { adminSession } from './session.js'

export interface AppOptions {
  /** Where the API keys are kept. */
  readonly store: KeyStore
  /** Who may manage keys. */
  readonly authenticateUser: ReturnType<typeof adminSession>['authenticateUser']
  readonly logger?: NonNullable<FastifyServerOptions['logger']>
}

export interface Example {
  /** As people call it. */
  readonly name: string
  /** The file for the keys, unless --db says otherwise. */
  readonly db: string
  buildApp (options: AppOptions): Promise<FastifyInstance>
  /** Commands for a shell, to be pasted in this order. Each prints the answer and, after an arrow, its status. */
  walkthrough (url: string, session: string): string
}

/** Runs an example until it is interrupted: prints what to try; its log goes to standard error. */
export async function serve (example: Example): Promise<void> {
  try {
    await start(example)
  } catch (error) {
    const { code, port, message } = error as NodeJS.ErrnoException & { port?: number }
    console.error(code === 'EADDRINUSE' ? `Port ${port} is in use; choose another with --port` : message)
    process.exit(1)
  }
}

async function start ({ name, db, buildApp, walkthrough }: Example): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '3000' },
      db: { type: 'string', default: db },
      'log-level': { type: 'string', default: 'warn' }
    }
  })
  const session = adminSession()
  const app = await buildApp({
    store: sqliteStore(values.db),
    authenticateUser: session.authenticateUser,
    logger: { level: values['log-level'], stream: process.stderr }
  })
  const url = await app.listen({ port: Number(values.port), host: '127.0.0.1' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, async () => { await app.close() })

  console.log(`${name} API on ${url}, keys in ${values.db}`)
  console.log(`Paste this into another terminal, all of it or line by line:\n\n${walkthrough(url, session.token)}`)
}
