import { parseArgs } from 'node:util'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { buildApp } from './app.js'
import { startIssuer } from './issuer.js'
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
      db: { type: 'string', default: process.env.SKALEDATA_DB ?? 'skaledata.db' },
      'log-level': { type: 'string', default: 'info' }
    }
  })

  const issuer = await startIssuer({ port: Number(values['issuer-port']) })
  const app = await buildApp({
    store: sqliteStore(values.db),
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

  console.log(`SkaleData API on ${url}, sessions from ${issuer.url}, keys in ${values.db}`)
  console.log(`Paste this into another terminal, all of it or line by line:\n\n${walkthrough(url, issuer.url)}`)
}
