// On every app that views are shown on: the five examples, and the one of 650 routes.
import t from 'tap'
import type { Explanation } from 'fastify-api-key-scopes'
import { APPS } from './apps.js'

for (const { name, build } of APPS) {
  t.test(name, { timeout: 0 }, async t => {
    const { app } = await build()
    t.teardown(async () => { await app.close() })
    await app.ready()
    const { explain, whoCan, routes, catalog } = app.apiKeys

    await t.test('every route is found, as it was declared and as it is requested', async t => {
      for (const route of routes()) {
        const { method, url, constraints } = route
        // Versions and hosts as they stand there; what is a pattern must be told apart otherwise.
        const query = Object.keys(constraints).length === 0 ? { constraints: {} } : { constraints }
        if (Object.values(constraints).some(text => text.startsWith('/'))) continue
        const { route: found } = await whoCan(method, url, { ...query, keys: false })
        t.strictSame(found, route, `${method} ${url} ${JSON.stringify(constraints)}`)
        if (/[(?]|::/.test(url)) continue
        const requested = url.replaceAll(/:[A-Za-z]+/g, '7').replace(/\*$/, 'some/where')
        const { route: matched } = await whoCan(method, requested, { ...query, keys: false })
        t.equal(matched.method, method)
      }
    })

    await t.test('what who-can calls enough is enough for explain, and what explain calls enough is', async t => {
      let asked = 0
      for (const { method, url, access, constraints } of routes()) {
        if (access !== 'scopes' || Object.values(constraints).some(text => text.startsWith('/'))) continue
        const ask = async (scopes: readonly string[]): Promise<Explanation> => await explain({ scopes: scopes as never }, method, url, { constraints })
        const { alone, smallest } = await whoCan(method, url, { keys: false, constraints })
        for (const scopes of [...alone.slice(0, 3).map(scope => [scope]), ...smallest]) {
          const { denial, needs } = await ask(scopes)
          if (denial !== null || needs.some(({ held, through }) => held !== (through !== null))) t.fail(`${method} ${url} ${scopes.join(' ')}`)
        }
        const none = await ask([])
        const enough = await ask(none.smallest!)
        if (enough.denial !== null || catalog.missingRequired(none.smallest!).size > 0) t.fail(`${method} ${url}`)
        asked++
      }
      t.ok(asked > 5, `${asked} routes`)
    })
  })
}
