import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import t from 'tap'
import alsoSecretScanning, { secretScanning, type Leak, type SecretScanningOptions } from '../../lib/http/secret-scanning.js'
import type { AuditEvent } from '../../lib/keys/audit.js'
import { fingerprintOf } from '../../lib/keys/digest.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { feedback, found, scanningApp } from './github.js'
import { bearer, PREFIX, plant, withBadChecksum } from './wire-app.js'

const past = new Date(0)

t.test('a reported key is revoked and audited, its owner can be told, and GitHub learns what was true', async t => {
  const { app, report, leaks, lines, get } = await scanningApp(t)
  const { key, record } = await app.apiKeys.create({ name: 'ci', ownerId: 'u1', scopes: ['clusters:read'] })
  const other = await app.apiKeys.create({ name: 'not leaked', scopes: ['clusters:read'] })
  const unknown = generateKey(PREFIX)
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)

  const answer = await report([found(key), found(unknown), found('something else', { type: 'other_type' })])
  t.strictSame([answer.status, answer.json, answer.headers['cache-control']], [
    200, [feedback(key, 'true_positive'), feedback(unknown, 'false_positive'), feedback('something else', 'false_positive', 'other_type')], 'no-store'
  ])
  t.equal((await get('/clusters', bearer(key))).statusCode, 401, 'refused at once')
  t.equal((await get('/clusters', bearer(other.key))).statusCode, 200, 'no other key is touched')

  const now = (await app.apiKeys.get(record.id))!
  t.equal(now.revokedReason, 'leaked: commit https://github.com/octocat/hello/blob/1/.env')
  t.strictSame(leaks, [{ record: now, url: 'https://github.com/octocat/hello/blob/1/.env', source: 'commit', type: 'acme_api_key' }])
  t.match(lines.flatMap(({ audit }) => audit?.action === 'revoke' ? [audit] : []), [{
    outcome: 'done',
    actor: { type: 'code', id: 'github-secret-scanning' },
    keyId: record.id,
    ownerId: 'u1',
    method: 'POST',
    route: '/secret-scanning/github',
    requestId: /^req-/,
    reason: now.revokedReason
  }])
  t.match(lines.find(({ leaks }) => leaks !== undefined), { level: 30, leaks: { reported: 3, known: 1, failed: 0 }, msg: 'GitHub reported leaked API keys' })
})

t.test('a key is revoked in whatever state it is, unless it is revoked', async t => {
  const { app, store, report, leaks } = await scanningApp(t)
  const far = new Date('2099-01-01')
  const states = {
    active: await plant(store, { id: 'active', expiresAt: far }),
    expired: await plant(store, { id: 'expired', expiresAt: past }),
    disabled: await plant(store, { id: 'disabled', disabledAt: past }),
    revoked: await plant(store, { id: 'revoked', revokedAt: past, revokedReason: 'before' })
  }
  const { status, json } = await report(Object.values(states).map(key => found(key)))
  t.strictSame([status, json], [200, Object.values(states).map(key => feedback(key, 'true_positive'))])
  for (const id of Object.keys(states)) {
    const record = await app.apiKeys.get(id)
    t.match(record!.revokedReason, id === 'revoked' ? 'before' : /^leaked: commit https:/, id)
    t.equal(record!.revokedAt!.getTime() === 0, id === 'revoked')
  }
  t.strictSame(leaks.map(({ record }) => record.id), ['active', 'expired', 'disabled'])
})

t.test('the same report again, and several at once, change nothing more', async t => {
  const events: AuditEvent[] = []
  const { app, report, leaks, everything } = await scanningApp(t, { wire: { plugin: { audit: event => { events.push(event) } } } })
  const { key } = await app.apiKeys.create({ name: 'ci' })
  const first = await report([found(key)])
  const state = await everything()
  for (let i = 0; i < 3; i++) t.strictSame((await report([found(key)])).json, first.json)
  await Promise.all(Array.from({ length: 20 }, async () => { t.equal((await report([found(key)])).status, 200) }))
  t.equal(await everything(), state)
  t.equal(leaks.length, 1)
  t.equal(events.filter(({ action }) => action === 'revoke').length, 1)

  const second = await app.apiKeys.create({ name: 'reported twenty times at once' })
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await report([found(second.key)])))
  t.ok(answers.every(({ status, json }) => status === 200 && json[0].label === 'true_positive'))
  t.not((await app.apiKeys.get(second.record.id))!.revokedAt, null)
})

t.test('a key that was found in several places is revoked once, and each place is told', async t => {
  const { app, report, leaks, lines } = await scanningApp(t)
  const { key, record } = await app.apiKeys.create({ name: 'ci' })
  const places = ['https://github.com/a/1', 'https://github.com/a/2', 'https://gist.github.com/3']
  const { json } = await report(places.map(url => found(key, { url })))
  t.strictSame(json, places.map(() => feedback(key, 'true_positive')))
  t.strictSame(leaks.map(({ url }) => url), places)
  t.strictSame(new Set(leaks.map(({ record }) => record.id)), new Set([record.id]))
  t.equal((await app.apiKeys.get(record.id))!.revokedReason, `leaked: commit ${places[0]}`)
  t.equal(lines.filter(({ audit }) => audit?.action === 'revoke').length, 1)
})

t.test('to be reported is not to be used: when a leaked key was last used stays to be seen', async t => {
  const { app, report, store } = await scanningApp(t)
  const { key, record } = await app.apiKeys.create({ name: 'ci' })
  t.equal((await report([found(key)])).status, 200)
  await app.close()
  t.match(await store.get(record.id), { revokedAt: Date, lastUsedAt: null })
})

t.test('only the old key of a rotation is revoked when only that has leaked', async t => {
  const { app, report } = await scanningApp(t)
  const old = await app.apiKeys.create({ name: 'ci' })
  const successor = await app.apiKeys.rotate(old.record.id, { gracePeriod: 'P1D' })
  await report([found(old.key)])
  t.match(await app.apiKeys.verify(old.key), { valid: false, reason: 'revoked' })
  t.match(await app.apiKeys.verify(successor!.key), { valid: true })
})

t.test('an entry that cannot be read stops no other', async t => {
  const { app, report } = await scanningApp(t)
  const keys = [await app.apiKeys.create({ name: 'a' }), await app.apiKeys.create({ name: 'b' })]
  const bad = [null, 7, 'text', [], {}, found(undefined), found(null), found(7), found(''), found({ token: keys[0]!.key }), found([keys[0]!.key])]
  const { status, json } = await report([found(keys[0]!.key), ...bad, found(keys[1]!.key)])
  t.strictSame([status, json], [200, keys.map(({ key }) => feedback(key, 'true_positive'))])
  for (const { key } of keys) t.match(await app.apiKeys.verify(key), { reason: 'revoked' })
  t.strictSame((await report(bad)).json, [], 'nothing is said of them')
  t.strictSame((await report([])).json, [])
})

t.test('what GitHub says of a place is made fit for a reason, whatever it is', async t => {
  const { app, report, leaks } = await scanningApp(t)
  const table: ReadonlyArray<readonly [more: object, reason: (key: string) => string, leak: (key: string) => Partial<Leak>]> = [
    [{ source: undefined, url: undefined, type: undefined }, () => 'leaked:', () => ({ url: '', source: '', type: '' })],
    [{ source: null, url: 7, type: {} }, () => 'leaked:', () => ({ url: '', source: '', type: '' })],
    [{ source: '' }, () => 'leaked: https://github.com/octocat/hello/blob/1/.env', () => ({ source: '' })],
    [{ url: '' }, () => 'leaked: commit', () => ({ url: '' })],
    [{ source: 'a\r\nb\u001b[31m', url: 'x\u0000\u0085\u2028\u202ey' }, () => 'leaked: a??b?[31m x????y', () => ({ source: 'a??b?[31m', url: 'x????y' })],
    [{ source: 'commit', url: 'half \ud83d of a pair' }, () => 'leaked: commit half ? of a pair', () => ({ url: 'half ? of a pair' })],
    [{ source: 'commit', url: 'u'.repeat(5000) }, () => `leaked: commit ${'u'.repeat(185)}`, () => ({ url: 'u'.repeat(2000) })],
    [{ source: 'commit', url: '\u{1F511}'.repeat(100) }, () => `leaked: commit ${'\u{1F511}'.repeat(92)}`, () => ({ url: '\u{1F511}'.repeat(100) })],
    [{ source: 's'.repeat(300), type: 't'.repeat(300), url: '' }, () => `leaked: ${'s'.repeat(192)}`, () => ({ source: 's'.repeat(200), type: 't'.repeat(200) })]
  ]
  for (const [more, reason, leak] of table) {
    const { key, record } = await app.apiKeys.create({ name: 'ci' })
    t.equal((await report([found(key, more)])).status, 200)
    t.equal((await app.apiKeys.get(record.id))!.revokedReason, reason(key))
    t.match(leaks.at(-1), { record: { id: record.id }, ...leak(key) })
  }
})

t.test('a key that stands in the URL of its own place, or of another, is left out', async t => {
  const { app, report, leaks } = await scanningApp(t)
  const a = await app.apiKeys.create({ name: 'a' })
  const b = await app.apiKeys.create({ name: 'b' })
  await report([
    found(a.key, { url: `https://github.com/x/${a.key}.txt?other=${b.key}`, source: `commit_${a.key}`, type: a.key }),
    found(b.key, { url: `https://github.com/x/${a.key.slice(0, -1)}` })
  ])
  t.match(leaks, [
    { record: { revokedReason: 'leaked: commit_… https://github.com/x/….txt?other=…' }, url: 'https://github.com/x/….txt?other=…', source: 'commit_…', type: '…' },
    { record: { name: 'b' }, url: `https://github.com/x/${a.key.slice(0, -1)}` }
  ])
})

t.test('a key that could not be looked up is left out of the URLs of the others, for it may be a good one', async t => {
  const { app, store, report, leaks } = await scanningApp(t)
  const lost = await app.apiKeys.create({ name: 'lost' })
  const { key, record } = await app.apiKeys.create({ name: 'found' })
  store.before = digest => { if (digest === fingerprintOf(lost.key)) throw new Error('the disk is gone') }
  t.equal((await report([found(key, { url: `https://github.com/x/${lost.key}` }), found(lost.key)])).status, 503)
  t.match(leaks, [{ record: { id: record.id, revokedReason: 'leaked: commit https://github.com/x/…' }, url: 'https://github.com/x/…' }])
})

t.test('a key that another system has made is revoked like any other, and left out of URLs in each of its forms', async t => {
  const { app, report, leaks } = await scanningApp(t, { wire: { plugin: { foreignKeys: [{ match: /old:[0-9]+\|[A-Za-z+/=]{8,}/ }] } } })
  const token = 'old:7|abc+/DEF=='
  const { imported } = await app.apiKeys.import([{ digest: fingerprintOf(token), name: 'imported', ownerId: 'u1' }])
  t.match(await app.apiKeys.verify(token), { valid: true })
  const url = `https://example.com/?a=${token}&b=${encodeURIComponent(token)}`
  const { status, json } = await report([found(token, { url }), found('old:8|unknown+')])
  t.strictSame([status, json], [200, [feedback(token, 'true_positive'), feedback('old:8|unknown+', 'false_positive')]])
  t.match(await app.apiKeys.verify(token), { valid: false, reason: 'revoked' })
  t.match(leaks, [{ record: { id: imported[0]!.id, ownerId: 'u1', revokedReason: 'leaked: commit https://example.com/?a=…&b=…' }, url: 'https://example.com/?a=…&b=…' }])
})

t.test('of keys that begin alike, all of the longer one is left out', async t => {
  const { app, report, leaks } = await scanningApp(t, { wire: { plugin: { foreignKeys: [{ match: /old:[A-Za-z]{8,}/ }] } } })
  const tokens = ['old:abcdefgh', 'old:abcdefghIJKL']
  await app.apiKeys.import(tokens.map(token => ({ digest: fingerprintOf(token), name: 'imported' })))
  const url = `https://example.com/${tokens[1]}/${tokens[0]}`
  t.equal((await report(tokens.map(token => found(token, { url })))).status, 200)
  t.strictSame(leaks.map(leak => leak.url), tokens.map(() => 'https://example.com/…/…'))
})

t.test('when the store fails for one key, the others are revoked, and the report is asked for again', async t => {
  const { app, store, report, leaks, lines } = await scanningApp(t)
  const keys = await Promise.all(Array.from({ length: 40 }, async (_, i) => await app.apiKeys.create({ name: `key ${i}` })))
  const { revoke } = store
  const failing = new Set([keys[3]!.record.id, keys[20]!.record.id])
  store.revoke = async (id, ...rest) => {
    if (failing.has(id)) throw new Error('the disk is full')
    return await revoke(id, ...rest)
  }
  const unreadable = fingerprintOf(keys[30]!.key)
  store.before = digest => { if (digest === unreadable) throw new Error('the disk is gone') }
  const entries = keys.map(({ key }) => found(key))
  const answer = await report(entries)
  t.strictSame([answer.status, answer.json, answer.headers['retry-after']], [503, {
    statusCode: 503, code: 'FST_API_KEY_LEAK_REPORT_UNFINISHED', error: 'Service Unavailable', message: 'Not every leaked API key could be revoked; send the report again'
  }, '60'])
  const living = async () => (await app.apiKeys.list({ limit: 100 })).records.filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name).sort()
  t.strictSame(await living(), ['key 20', 'key 3', 'key 30'])
  t.equal(leaks.length, 37, 'the owners of those that are revoked are told')
  t.ok(lines.some(({ err }) => err?.message.includes('the disk is')), 'the log says why')
  t.match(lines.find(({ leaks }) => leaks !== undefined), { leaks: { reported: 40, known: 39, failed: 3 } })

  failing.clear()
  store.before = async () => {}
  const again = await report(entries)
  t.strictSame([again.status, again.json], [200, keys.map(({ key }) => feedback(key, 'true_positive'))])
  t.strictSame(await living(), [])
  t.equal(leaks.length, 40, 'and of the others the second time')
})

t.test('a key with a corrupt record is not called a false positive, and the report is asked for again', async t => {
  const { store, report, lines } = await scanningApp(t)
  const corrupt = await plant(store, { id: 'corrupt', createdAt: new Date(NaN) })
  const good = await plant(store, { id: 'good' })
  t.equal((await report([found(corrupt), found(good)])).status, 503)
  t.not((await store.get('good'))!.revokedAt, null)
  t.ok(lines.some(({ keyId, level }) => keyId === 'corrupt' && level === 50), 'the log names it')
})

t.test('with a required audit sink that fails, no key is revoked and the report is asked for again', async t => {
  const sink = { fails: true }
  const { app, report, leaks } = await scanningApp(t, {
    wire: { plugin: { audit: { required: true, sink: event => { if (sink.fails && event.action === 'revoke') throw new Error('no room for events') } } } }
  })
  const { key, record } = await app.apiKeys.create({ name: 'ci' })
  t.equal((await report([found(key)])).status, 503)
  t.equal((await app.apiKeys.get(record.id))!.revokedAt, null)
  t.equal(leaks.length, 0)
  sink.fails = false
  t.equal((await report([found(key)])).status, 200)
  t.not((await app.apiKeys.get(record.id))!.revokedAt, null)
})

t.test('a key that is gone before it can be revoked is nobody\'s leak any more', async t => {
  const { app, store, report, leaks } = await scanningApp(t)
  const { key } = await app.apiKeys.create({ name: 'ci' })
  store.get = async () => null
  const { status, json } = await report([found(key)])
  t.strictSame([status, json, leaks], [200, [feedback(key, 'true_positive')], []])
})

t.test('onLeak is waited for; that it fails, or is not there, changes nothing', async t => {
  const told: string[] = []
  const ways: ReadonlyArray<readonly [string, SecretScanningOptions]> = [
    ['throws', { onLeak: () => { throw new Error('no mail today') } }],
    ['rejects', { onLeak: async () => { throw new Error('no mail today') } }],
    ['takes its time', { onLeak: async ({ record }) => { await new Promise(resolve => setImmediate(resolve)); told.push(record.id) } }],
    ['is not there', { onLeak: undefined as never }]
  ]
  for (const [way, options] of ways) {
    const { app, report, lines } = await scanningApp(t, { options })
    const made = [await app.apiKeys.create({ name: 'a' }), await app.apiKeys.create({ name: 'b' })]
    t.equal((await report(made.map(({ key }) => found(key)))).status, 200, way)
    for (const { record } of made) t.not((await app.apiKeys.get(record.id))!.revokedAt, null)
    if (way === 'takes its time') t.strictSame(told, made.map(({ record }) => record.id))
    t.equal(lines.filter(({ msg }) => msg?.startsWith('onLeak failed')).length, way === 'throws' || way === 'rejects' ? 2 : 0)
  }
})

t.test('a large report is worked through', async t => {
  const { app, report } = await scanningApp(t)
  const keys = await Promise.all(Array.from({ length: 100 }, async (_, i) => await app.apiKeys.create({ name: `key ${i}` })))
  const strangers = Array.from({ length: 9900 }, (_, i) => i % 2 === 0 ? generateKey(PREFIX) : `stranger ${i}`)
  const entries = [...strangers.slice(0, 5000), ...keys.map(({ key }) => key), ...strangers.slice(5000)].map(token => found(token))
  const { status, json } = await report(entries)
  t.equal(status, 200)
  t.equal(json.length, 10_000)
  t.equal(json.filter(({ label }: { label: string }) => label === 'true_positive').length, 100)
  t.ok((await app.apiKeys.list({ limit: 100 })).records.every(({ revokedAt }) => revokedAt !== null))
})

t.test('while a large report is worked through, others get their turn', async t => {
  let revoked = 0
  const audit = ({ action }: AuditEvent) => { if (action === 'revoke') revoked++ }
  const { app, store, report, leaks } = await scanningApp(t, { wire: { plugin: { audit } } })
  const keys = await Promise.all(Array.from({ length: 1000 }, async (_, i) => await app.apiKeys.create({ name: `key ${i}` })))
  let revokedBefore = Infinity
  store.before = () => {
    store.before = () => {}
    setImmediate(() => { revokedBefore = revoked })
  }
  const entries = keys.map(({ key }, i) => found(key, { url: `https://github.com/octocat/hello/blob/1/${keys.at(i - 1)!.key}.env` }))
  t.equal((await report(entries)).status, 200)
  t.equal(revoked, keys.length)
  t.ok(revokedBefore < revoked, `${revokedBefore} were revoked by then`)
  t.ok(leaks.every(({ url }) => url === 'https://github.com/octocat/hello/blob/1/….env'), 'no key stands in the place of another')
})

t.test('a signed body that is no report is refused, and nothing is changed', async t => {
  const { app, store, report, everything } = await scanningApp(t)
  const { key } = await app.apiKeys.create({ name: 'ci' })
  const state = await everything()
  const list = 'This leak report cannot be read: the body must be a JSON array of { token, type, url, source }'
  const many = 'This leak report cannot be read: the body must have 10000 entries at most, not 10001'
  const entry = JSON.stringify(found(key))
  const bodies: ReadonlyArray<readonly [body: string, message: string]> = [
    ['', list], ['{}', list], [entry, list], ['null', list], ['"text"', list], ['7', list], [`[${entry}`, list], [`[${entry}],`, list], [`{"0":${entry},"length":1}`, list], [`${key}`, list],
    [`token=${key}`, list], [`\ufeff[${entry}]`, list], [`[${`${entry},`.repeat(3)}]`, list], [`[${entry}${',7'.repeat(10_000)}]`, many]
  ]
  store.reads = 0
  for (const [body, message] of bodies) {
    const answer = await report(body)
    t.strictSame([answer.status, answer.json], [400, { statusCode: 400, code: 'FST_API_KEY_LEAK_REPORT_MALFORMED', error: 'Bad Request', message }], body.slice(0, 40))
    t.equal(await everything(), state)
  }
  t.equal(store.reads, 0)
})

t.test('it works under a prefix and at another path, and leaves the parsers of the app alone', async t => {
  const { app, report, port } = await scanningApp(t, {
    prefix: '/v1/hooks',
    wire: {
      after: app => {
        app.post('/echo', { config: { public: true } }, async request => request.body)
        app.addContentTypeParser('text/csv', { parseAs: 'string' }, async (_request: unknown, body: string) => body.split(','))
      }
    }
  })
  const { key } = await app.apiKeys.create({ name: 'ci' })
  t.strictSame((await report([found(key)])).json, [feedback(key, 'true_positive')])
  const echo = async (type: string, payload: string) => {
    const { statusCode, body } = await app.inject({ method: 'POST', url: '/echo', headers: { 'content-type': type }, payload })
    return [statusCode, JSON.parse(body)]
  }
  t.strictSame(await echo('application/json', '{"a":1}'), [200, { a: 1 }])
  t.strictSame(await echo('text/csv', 'a,b'), [200, ['a', 'b']])
  t.equal((await echo('application/x-unknown', 'x'))[0], 415)
  t.equal((await report([found(key)], { path: '/secret-scanning/github' })).status, 404)
  t.ok(port)

  const elsewhere = await scanningApp(t, { options: { url: '/leaks' } })
  const made = await elsewhere.app.apiKeys.create({ name: 'ci' })
  t.equal((await elsewhere.report([found(made.key)], { path: '/leaks' })).status, 200)
  t.equal((await elsewhere.report([found(made.key)])).status, 404)
})

t.test('the app\'s own error handler answers for it, with the status and what it needs', async t => {
  const { app, store, report } = await scanningApp(t, {
    wire: { before: app => { app.setErrorHandler((error: Error & { code: string, statusCode: number }, _request, reply) => reply.code(error.statusCode).send({ mine: error.code })) } }
  })
  const { key } = await app.apiKeys.create({ name: 'ci' })
  const unsigned = await report([found(key)], { headers: { 'github-public-key-signature': 'AAAA' } })
  t.strictSame([unsigned.status, unsigned.json, unsigned.headers['retry-after']], [400, { mine: 'FST_API_KEY_LEAK_REPORT_UNVERIFIED' }, undefined])
  store.revoke = async () => { throw new Error('the disk is full') }
  const unfinished = await report([found(key)])
  t.strictSame([unfinished.status, unfinished.json, unfinished.headers['retry-after']], [503, { mine: 'FST_API_KEY_LEAK_REPORT_UNFINISHED' }, '60'])
})

t.test('wrong options keep the app from starting; each one is named, and no token is shown', async t => {
  t.equal(alsoSecretScanning, secretScanning)
  const alone = Fastify()
  t.teardown(() => alone.close())
  await t.rejects(async () => await alone.register(secretScanning), {
    code: 'FST_API_KEY_BAD_OPTIONS', message: 'fastify-api-key-scopes: register fastify-api-key-scopes before fastify-api-key-scopes/secret-scanning'
  })
  const keysUrl = 'keysUrl must be an http or https URL without user name and password'
  const token = 'token must be a string without spaces and control characters'
  const table: ReadonlyArray<readonly [options: object, message: string]> = [
    [{ onLeek: 1, tokn: 2, dryRun: true }, 'unknown option "onLeek" (did you mean "onLeak"?); unknown option "tokn" (did you mean "token"?); unknown option "dryRun"'],
    [{ url: 'leaks' }, 'url must be a path that begins with "/", not "leaks"'],
    [{ url: null }, 'url must be a path that begins with "/", not null'],
    ...['nowhere', 'ftp://example.com', 'https://user:word@example.com', 'https://user@example.com', null, new URL('https://example.com')].map(url => [{ keysUrl: url }, keysUrl] as const),
    ...['', 'two words', 'line\n', 'ghp_\u00e4', 7, null].map(value => [{ token: value }, token] as const),
    [{ token: undefined }, 'token is undefined: is an environment variable not set? Leave it out to have none'],
    [{ onLeak: 'mail' }, 'onLeak must be a function, not "mail"'],
    [{ url: 7, keysUrl: 7, token: 7, onLeak: 7 }, `url must be a path that begins with "/", not 7; ${keysUrl}; ${token}; onLeak must be a function, not 7`]
  ]
  for (const [options, message] of table) {
    await t.rejects(scanningApp(t, { options }), { code: 'FST_API_KEY_BAD_OPTIONS', message: `fastify-api-key-scopes: ${message}` }, message)
  }
})

t.test('a reported key appears in no log, error, event, record or answer, whatever happens to the report', async t => {
  const published: unknown[] = []
  const note = (event: unknown) => { published.push(event) }
  subscribe('fastify-api-key-scopes.audit', note)
  t.teardown(() => { unsubscribe('fastify-api-key-scopes.audit', note) })
  const githubToken = 'ghp_CanaryCanaryCanaryCanaryCanaryCanary'
  let leakFails = false
  const told: Leak[] = []
  const { app, store, github, report, lines, everything } = await scanningApp(t, {
    options: { token: githubToken, onLeak: leak => { told.push(leak); if (leakFails) throw new Error('no mail today') } },
    wire: {
      // As the documentation of Fastify has it.
      before: app => {
        app.addHook('preHandler', async request => { request.log.trace({ body: request.body }, 'parsed body') })
        app.addHook('onError', async (request, _reply, error) => { request.log.trace({ ...error, all: String(error.stack), cause: String((error.cause as Error | undefined)?.stack) }) })
      }
    }
  })
  const out: string[] = []
  const keys: string[] = []
  const make = async () => {
    const { key } = await app.apiKeys.create({ name: 'canary' })
    keys.push(key)
    return key
  }
  const revoke = store.revoke
  for (const trouble of ['none', 'revoke', 'read', 'onLeak', 'keys'] as const) {
    store.revoke = trouble === 'revoke' ? async () => { throw new Error('the disk is full') } : revoke
    store.before = async () => { if (trouble === 'read') throw new Error('the disk is gone') }
    leakFails = trouble === 'onLeak'
    const lost = trouble === 'keys' ? { 'github-public-key-identifier': 'unheard of' } : {}
    const key = await make()
    const other = await make()
    const entry = found(key, { url: `https://github.com/x/${key}?${other}`, source: key, type: 'acme' })
    const bodies = [
      JSON.stringify([entry, found(other)]), JSON.stringify([entry]).slice(0, -1), JSON.stringify(entry), key, `[${key}]`, `"${key}"`, JSON.stringify([{ ...entry, token: [key] }]),
      JSON.stringify([found(withBadChecksum(key))])
    ]
    for (const body of bodies) {
      for (const headers of [lost, { 'github-public-key-signature': 'AAAA' }, { 'content-type': 'text/plain' }, { 'content-type': `text/${key}` }]) {
        const answer = await report(body, { headers })
        out.push(JSON.stringify(answer.headers), answer.text.replaceAll(fingerprintOf(key), '').replaceAll(fingerprintOf(other), ''))
      }
    }
  }
  out.push(...lines.map(line => JSON.stringify(line)), JSON.stringify(published), JSON.stringify(told), (await everything()).replace(/"digest":"[^"]*"/g, ''))
  t.ok(lines.length > 500 && published.length > 5 && told.length > 3, 'there was something to look at')
  t.equal(github.asked[0]?.authorization, `Bearer ${githubToken}`, 'the token went where it belongs')
  const text = out.join('\n')
  for (const secret of [githubToken, ...keys.flatMap(key => [key.slice(PREFIX.length + 1), key.slice(PREFIX.length + 1, -6), fingerprintOf(key)])]) {
    for (const form of [secret, Buffer.from(secret).toString('base64').slice(0, -4), Buffer.from(secret).toString('hex'), [...Buffer.from(secret)].join(',')]) t.notOk(text.includes(form), form)
  }
})
