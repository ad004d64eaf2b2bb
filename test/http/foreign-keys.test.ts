// Keys that other systems have made, as an app with `foreignKeys` meets them on the wire.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { ForeignKeyShape } from '../../lib/index.js'
import { readCredential, type Credential } from '../../lib/http/credential.js'
import { foreignKeyTrouble } from '../../lib/http/store-trouble.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { answerOf, bearer, challenge, JSON_TYPE, LEVELS, listen, plant, RawClient, rawRequest, wireApp, withBadChecksum } from './wire-app.js'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** `12|secret` is known by its secret. */
const PIPED: ForeignKeyShape = { match: /^\d+\|\w{40}$/g, digest: key => sha256(key.slice(key.indexOf('|') + 1)) }
const SECRET = '0TrugHsozuKfIJvFC2Qx8FgEgWA84ernseiZ1K6H'
const WHOLE: ForeignKeyShape = { match: /old-[a-z]{20}/y }

const INVALID = { status: 401, type: JSON_TYPE, challenge: challenge('error="invalid_token"'), body: { statusCode: 401, code: 'FST_API_KEY_INVALID', error: 'Unauthorized', message: 'Invalid API key' } }
const MALFORMED = { status: 400, type: JSON_TYPE, challenge: challenge('error="invalid_request"'), body: { statusCode: 400, code: 'FST_API_KEY_MALFORMED', error: 'Bad Request', message: 'Malformed credentials' } }

const asked: string[] = []
const authenticateUser = ({ headers }: { headers: { authorization?: string | undefined } }) => {
  asked.push(headers.authorization ?? '')
  return headers.authorization === 'Bearer a.session' ? { id: 'u1' } : null
}

t.test('imported keys of other systems open what they were granted, cold and warm, in both headers', async (t) => {
  const { app, get, store, seen } = await wireApp(t, { plugin: { foreignKeys: [PIPED, WHOLE], apiKeyHeader: 'x-api-key', authenticateUser } })
  const whole = `old-${'k'.repeat(20)}`
  await app.apiKeys.import([
    { digest: sha256(SECRET), name: 'piped', ownerId: 'u1', scopes: ['clusters:read'] },
    { digest: sha256(whole), name: 'whole', scopes: ['clusters:read'] }
  ])
  store.reads = 0
  asked.length = 0
  for (const key of [`7|${SECRET}`, `7|${SECRET}`, whole, whole]) {
    for (const headers of [bearer(key), { authorization: `bEARER   ${key}` }, { 'x-api-key': key }]) {
      t.equal((await get('/clusters', headers)).statusCode, 200)
      t.equal((await app.inject({ url: '/clusters', method: 'POST', headers })).json().code, 'FST_API_KEY_MISSING_SCOPE')
      t.equal((await get('/user', headers)).json().code, 'FST_API_KEY_USER_ONLY', 'it never becomes a user')
    }
  }
  t.equal(store.reads, 2, 'each was read once')
  t.equal(seen.handled, 12)
  t.strictSame(asked, [], 'nobody was asked for a user')
})

t.test('the principal is the key, also when it is revoked', async (t) => {
  const { app, get } = await wireApp(t, {
    plugin: { foreignKeys: [PIPED] },
    after (app) { app.get('/principal', { config: { scopes: [] } }, async ({ principal }) => principal) }
  })
  const { imported: [record] } = await app.apiKeys.import([{ digest: sha256(SECRET), name: 'piped', scopes: [] }])
  const { type, record: { id, name } } = (await get('/principal', bearer(`1|${SECRET}`))).json()
  t.strictSame({ type, id, name }, { type: 'apiKey', id: record!.id, name: 'piped' })
  await app.apiKeys.revoke(record!.id)
  t.strictSame(answerOf(await get('/principal', bearer(`1|${SECRET}`))), INVALID)
})

t.test('the start of an imported key must not be the whole of it, whatever part of it was hashed', async (t) => {
  const { app } = await wireApp(t, { plugin: { foreignKeys: [{ match: /t_\w+/, digest: key => sha256(key.slice(2)) }] } })
  const entry = { digest: sha256('short'), name: 'n', scopes: [] }
  for (const start of ['t_short', 'short']) await t.rejects(app.apiKeys.import([{ ...entry, start }]), { message: 'keys[0].start must be the first characters of the key, not the whole of it' })
  t.equal((await app.apiKeys.import([{ ...entry, start: 't_sho' }])).imported[0]!.start, 't_sho')
})

t.test('what does not match as a whole is what it was before', async (t) => {
  const { app, get, store } = await wireApp(t, { plugin: { foreignKeys: [PIPED, { match: /skale_\w{8}_\w{24}/ }], apiKeyHeader: 'x-api-key', authenticateUser } })
  const plain = await wireApp(t)
  await plant(store, { digest: sha256(SECRET) })
  await plant(store, { digest: sha256('skale_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrsn') })
  asked.length = 0

  const malformed = [`|${SECRET}`, `7|${SECRET}x`, `7|${SECRET}|`, `x7|${SECRET}`, '7|', '|', `skale_|${SECRET}`, `7|${SECRET},`, `"7|${SECRET}"`, `7|${SECRET} `, `7| ${SECRET}`, `7|${SECRET}\t`, `7|${SECRET}\xE4`, `7|${'0'.repeat(1023)}`]
  for (const value of malformed) {
    t.strictSame(answerOf(await get('/any-key', bearer(value))), MALFORMED, value)
    t.strictSame(answerOf(await get('/any-key', { 'x-api-key': value })), MALFORMED, value)
  }
  // Our prefix, and neither our checksum nor the shape.
  for (const value of [withBadChecksum(), 'skale_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrs', 'skale_']) t.strictSame(answerOf(await get('/any-key', bearer(value))), INVALID, value)
  for (const value of [SECRET, `x${SECRET}`]) t.strictSame(answerOf(await get('/any-key', { 'x-api-key': value })), INVALID, value)
  t.strictSame(asked, [])
  t.equal(store.reads, 0)

  t.strictSame(answerOf(await get('/any-key', bearer(SECRET))), INVALID)
  t.equal((await get('/any-key', bearer('a.session'))).statusCode, 200)
  t.strictSame(asked, [`Bearer ${SECRET}`, 'Bearer a.session'], 'anything else may be a session')

  t.equal((await get('/any-key', bearer(`7|${SECRET}`))).statusCode, 200)
  t.equal((await get('/any-key', bearer('skale_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrsn'))).statusCode, 200, 'a company may keep its prefix')
  t.strictSame(answerOf(await get('/any-key', bearer(`7|${SECRET.toLowerCase()}`))), INVALID)
  t.strictSame(answerOf(await plain.get('/any-key', bearer(`7|${SECRET}`))), MALFORMED, 'without foreignKeys it is no credential')
  t.ok(app.apiKeys)
})

t.test('over a socket, other characters than those of a b64token pass only as such a key, and only once', async (t) => {
  const { app, store, seen } = await wireApp(t, { plugin: { foreignKeys: [PIPED, { match: /[^]+/ }], apiKeyHeader: 'x-api-key' } })
  await plant(store, { digest: sha256(SECRET), scopes: ['full'] })
  const client = new RawClient(await listen(app))
  t.teardown(() => { client.end() })
  const key = `7|${SECRET}`
  const table: ReadonlyArray<readonly [status: number, ...lines: string[]]> = [
    [200, `Authorization: Bearer ${key}`],
    [200, `authorization:bearer    ${key}   `],
    [200, `X-Api-Key: ${key}`],
    [200, 'Authorization: Basic dTpw', `X-Api-Key: ${key}`],
    [401, 'Authorization: Bearer {"a":[1,2]}'],
    [401, `X-Api-Key: ${'~'.repeat(1024)}`],
    [401, 'Authorization: Basic dTpw'],
    [400, `Authorization: Bearer ${key}`, `Authorization: Bearer ${key}`],
    [400, `Authorization: Bearer ${key}`, `X-Api-Key: ${key}`],
    [400, `X-Api-Key: ${key}`, `X-Api-Key: ${key}`],
    [400, `X-Api-Key: ${key}, ${key}`],
    [400, `Authorization: Bearer ${key}, Bearer ${key}`],
    [400, `Authorization: Bearer\t${key}`],
    [400, `Authorization: Bearer ${key}\x80`],
    [400, `X-Api-Key: ${key}\xFF`],
    [400, `X-Api-Key: ${'|'.repeat(1025)}`],
    [400, 'Authorization: Bearer '],
    [400, 'X-Api-Key:']
  ]
  const answers = await client.exchange(table.map(([, ...lines]) => rawRequest('/clusters', lines)))
  answers.forEach(({ status }, i) => { t.equal(status, table[i]![0], table[i]!.slice(1).join(' and ').slice(0, 100)) })
  t.equal(seen.handled, 4)
})

t.test('a digest that fails is a 401 like any other, told to the operator once a second, without the key', async (t) => {
  const digests: ReadonlyArray<ForeignKeyShape['digest']> = [
    key => { throw new Error(`no ${key}`) },
    key => key,
    () => undefined as never,
    (async (key: string) => { throw new Error(key) }) as never
  ]
  for (const digest of digests) {
    const { get, store, seen, lines } = await wireApp(t, { plugin: { foreignKeys: [{ match: /\d\|canary/, ...digest !== undefined && { digest } }], apiKeyHeader: 'x-api-key', authenticateUser } })
    asked.length = 0
    const known = answerOf(await get('/any-key', bearer(generateKey('skale'))))
    t.strictSame(known, INVALID)
    store.reads = 0
    for (let i = 0; i < 5; i++) {
      t.strictSame(answerOf(await get('/any-key', bearer('1|canary'))), known)
      t.strictSame(answerOf(await get('/any-key', { 'x-api-key': '1|canary' })), known)
    }
    t.equal(store.reads, 0)
    t.equal(seen.handled, 0)
    t.strictSame(asked, [])
    const told = lines.filter(({ level }) => level >= LEVELS.error)
    t.equal(told.length, 1)
    t.match(told[0], { msg: 'a key of another system could not be looked up; it is refused', fault: /^foreignKeys\[0\]\.digest / })
    t.notMatch(JSON.stringify(lines), 'canary')
  }
})

t.test('how many were left out is told when the second is over', async (t) => {
  const lines: unknown[] = []
  let now = 0
  const told = foreignKeyTrouble({ error: (...line: unknown[]) => { lines.push(line) } } as never, () => now)
  for (now of [0, 1, 999, 1000, 1500]) told(`fault at ${now}`)
  const text = 'a key of another system could not be looked up; it is refused'
  t.strictSame(lines, [[{ fault: 'fault at 0', faultsNotLogged: 0 }, text], [{ fault: 'fault at 1000', faultsNotLogged: 2 }, text]])
})

t.test('a store that cannot answer is a 503 for these keys, too', async (t) => {
  const { get, store } = await wireApp(t, { plugin: { foreignKeys: [PIPED] } })
  store.before = () => { throw new Error('down') }
  t.equal((await get('/any-key', bearer(`7|${SECRET}`))).statusCode, 503)
})

t.test('a wrong list of shapes keeps the app from starting', async (t) => {
  const wrong: readonly unknown[] = [
    null, {}, PIPED, 'x', [null], ['\\d+'], [/\d+/], [{}], [{ match: '\\d+' }], [{ match: null }], [{ match: /a/, digest: 'sha256' }], [{ match: /a/, digest: null }], [{ match: /a/, hash: sha256 }], [PIPED, { digest: sha256 }]
  ]
  for (const foreignKeys of wrong) {
    await t.rejects(wireApp(t, { plugin: { foreignKeys: foreignKeys as never } }), { code: 'FST_API_KEY_BAD_OPTIONS', message: /foreignKeys must be a list of \{ match: RegExp, digest\?: \(key\) => string \}, not / })
  }
  await wireApp(t, { plugin: { foreignKeys: [] } })
})

t.test('neither the key nor its digest is in a log line at any level, in an answer, or in an audit event', async (t) => {
  const canary = '9|CanaryCanaryCanaryCanaryCanaryCanary0000'
  const secret = canary.slice(2)
  const events: unknown[] = []
  const { app, get, lines, store } = await wireApp(t, { plugin: { foreignKeys: [PIPED], authenticateUser, audit: { sink (event) { events.push(event) }, decisions: 'all' } } })
  const bodies: string[] = []
  const say = async (url: string) => { bodies.push(JSON.stringify(await get(url, bearer(canary)).then(({ body, headers }) => [body, headers]))) }
  await say('/clusters')
  const { imported: [record] } = await app.apiKeys.import([{ digest: sha256(secret), name: 'canary of another system', ownerId: 'u1', scopes: ['clusters:read'], start: '9|Cana' }])
  for (const url of ['/clusters', '/odd', '/user']) await say(url)
  await app.apiKeys.import([{ digest: sha256(secret), name: 'again' }]).then(again => bodies.push(JSON.stringify(again)))
  await app.apiKeys.import([{ digest: sha256(secret), name: 'of mine' }], { as: { id: 'u2' } }).catch((error: unknown) => bodies.push(String(error)))
  await app.apiKeys.import([{ digest: canary, name: 'pasted', start: secret }]).catch((error: unknown) => bodies.push(String(error)))
  const successor = await app.apiKeys.rotate(record!.id)
  await app.apiKeys.revoke(record!.id)
  await say('/clusters')
  t.ok(lines.length > 8)
  t.strictSame([events.length, bodies.length], [8, 8])

  const bytes = Buffer.from(sha256(secret), 'hex')
  const forms = [canary, secret, encodeURIComponent(canary), ...[canary, secret].flatMap(text => [Buffer.from(text).toString('base64').slice(0, 40), Buffer.from(text).toString('hex')]), bytes.toString('base64').slice(0, 42), bytes.toString('base64url')]
  const seen = JSON.stringify([lines, events, bodies, successor])
  for (const form of [...forms, bytes.toString('hex')]) t.notOk(seen.includes(form), `${form} is not to be seen`)
  const kept = JSON.stringify(await store.list({ limit: 10 }))
  for (const form of forms) t.notOk(kept.includes(form), `${form} is not kept`)
})

/* The reader of credentials */

t.test('whatever the headers, nothing but what matches is read that was not read before', async () => {
  const isForeign = (value: string) => /^\d+\|[a-z"]*$/.test(value)
  const part = fc.constantFrom('Bearer ', 'bearer  ', 'Basic ', '1|a', '|', 'abc', '"', ' ', '\t', '\xE4', ',', '=')
  const value = fc.array(part, { maxLength: 6 }).map(parts => parts.join(''))
  const line = fc.tuple(fc.constantFrom('authorization', 'Authorization', 'x-api-key', 'X-API-KEY', 'host'), value)
  fc.assert(fc.property(fc.array(line, { maxLength: 3 }), fc.constantFrom(null, 'x-api-key'), (lines, keyHeader) => {
    const raw = lines.flat()
    const before: Credential = readCredential(raw, keyHeader)
    const now: Credential = readCredential(raw, keyHeader, isForeign)
    if (before.kind !== 'malformed' || now.kind === 'malformed') return JSON.stringify(before) === JSON.stringify(now)
    return 'value' in now && isForeign(now.value) && raw.some(text => text.endsWith(now.value))
  }), { numRuns: 20_000 })
})

t.test('reading stays linear in the length, and what is too long is not shown to a shape', async (t) => {
  const { get } = await wireApp(t, { plugin: { foreignKeys: [{ match: /(?:a+)+\|/ }], apiKeyHeader: 'x-api-key' } })
  // 2 to the power of 10,000 steps, if it were tried.
  t.equal((await get('/any-key', { 'x-api-key': 'a'.repeat(10_000) + '!' })).statusCode, 400)
  const n = 200_000
  for (const hostile of ['a'.repeat(n) + ' ', ' '.repeat(n) + '|', '|'.repeat(n) + '\t', '=|'.repeat(n) + ' ']) {
    t.same(readCredential(['Authorization', `Bearer ${hostile}`], 'x-api-key', value => value.length < 10), { kind: hostile.trim() === '|' ? 'bearer' : 'malformed', ...hostile.trim() === '|' && { value: '|' } })
  }
})
