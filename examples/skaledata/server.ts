import { parseArgs } from 'node:util'
import { buildApp } from './app.js'
import { startIssuer } from './issuer.js'
import { DEFAULT_STORE, placeOf, storeNamed } from './store.js'
import { walkthrough } from './walkthrough.js'

await main().catch((error: NodeJS.ErrnoException & { port?: number }) => {
  const isTaken = error.code === 'EADDRINUSE'
  console.error(isTaken ? `Port ${error.port} is in use; choose another with --port or --issuer-port` : error.message)
  process.exit(1)
})

async function main (): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '3000' },
      'issuer-port': { type: 'string', default: '3001' },
      store: { type: 'string', default: DEFAULT_STORE },
      db: { type: 'string' },
      'log-level': { type: 'string', default: 'info' }
    }
  })

  const store = values.db === undefined ? values.store : `sqlite:${values.db}`
  const issuer = await startIssuer({ port: Number(values['issuer-port']) })
  const app = await buildApp({
    store: storeNamed(store),
    issuer: issuer.url,
    logger: { level: values['log-level'], stream: process.stderr }
  })
  const url = await app.listen({ port: Number(values.port), host: '127.0.0.1' })

  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      await app.close()
      await issuer.close()
    })
  }

  console.log(`SkaleData API on ${url}, sessions from ${issuer.url}, keys in ${placeOf(store)}`)
  console.log(`Paste this into another terminal, all of it or line by line:\n\n${walkthrough(url, issuer.url)}`)
}
