import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { keyStart, likelyKeyAt, readCredential } from '../../lib/http/credential.js'
import type { Credential } from '../../lib/http/credential.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { anyText } from '../any-text.js'
import { answerOf, bearer, challenge, JSON_TYPE, listen, plant, PREFIX, RawClient, rawRequest, size, wireApp, withBadChecksum } from './wire-app.js'

const NONE: Credential = { kind: 'none' }
const MALFORMED: Credential = { kind: 'malformed' }
const token = (value: string): Credential => ({ kind: 'bearer', value })
const inKeyHeader = (value: string): Credential => ({ kind: 'keyHeader', value })

const BODY = {
  malformed: { statusCode: 400, code: 'FST_API_KEY_MALFORMED', error: 'Bad Request', message: 'Malformed credentials' },
  invalid: { statusCode: 401, code: 'FST_API_KEY_INVALID', error: 'Unauthorized', message: 'Invalid API key' },
  required: { statusCode: 401, code: 'FST_API_KEY_REQUIRED', error: 'Unauthorized', message: 'API key required' }
}
const ANSWER = {
  malformed: { status: 400, type: JSON_TYPE, challenge: challenge('error="invalid_request"'), body: BODY.malformed },
  invalid: { status: 401, type: JSON_TYPE, challenge: challenge('error="invalid_token"'), body: BODY.invalid },
  required: { status: 401, type: JSON_TYPE, challenge: challenge(), body: BODY.required }
}

/** All 64 ways to write `Bearer`. */
const CASINGS = Array.from({ length: 64 }, (_, bits) =>
  [...'bearer'].map((letter, i) => (bits >> i & 1) === 1 ? letter.toUpperCase() : letter).join(''))
const SPACES = Array.from({ length: 8 }, (_, i) => ' '.repeat(i + 1))

/** Each octet of b64token before its `=`s (RFC 6750 §2.1), spelt out. */
const B64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/'

t.test('one Authorization header is read by RFC 9110 and RFC 6750', async (t) => {
  const table: ReadonlyArray<readonly [value: string, expected: Credential]> = [
    // another scheme, or none that is Bearer
    ['', NONE],
    ['Basic dXNlcjpwYXNz', NONE],
    ['Digest username="Mufasa"', NONE],
    ['Basic', NONE],
    ['Bearerx', NONE],
    ['Bearer,', NONE],
    ['Bearer=abc', NONE],
    ['xBearer abc', NONE],
    ['Bea rer abc', NONE],
    ['Beare abc', NONE],
    ['"Bearer" abc', NONE],
    ['abc', NONE],
    [' Bearer abc', NONE],
    ['Bearer\u00A0abc', NONE],
    ['Be\u0131rer abc', NONE],
    ['bea\u017Fer abc', NONE],
    // b64token: at least one of its characters, then any number of =
    ['Bearer abc', token('abc')],
    ['bearer   abc', token('abc')],
    ['BEARER a', token('a')],
    ['Bearer skale_AbC012', token('skale_AbC012')],
    ['Bearer a-._~+/z==', token('a-._~+/z==')],
    [`Bearer ${B64}====`, token(`${B64}====`)],
    [`Bearer ${'k'.repeat(16_000)}`, token('k'.repeat(16_000))],
    ['Bearer Bearer', token('Bearer')],
    // nothing, or something else
    ['Bearer', MALFORMED],
    ['Bearer ', MALFORMED],
    ['Bearer    ', MALFORMED],
    ['Bearer\t', MALFORMED],
    ['Bearer\tabc', MALFORMED],
    ['Bearer \tabc', MALFORMED],
    ['Bearer \t abc', MALFORMED],
    ['Bearer abc\t', MALFORMED],
    ['Bearer abc ', MALFORMED],
    ['Bearer abc def', MALFORMED],
    ['Bearer abc\tdef', MALFORMED],
    ['Bearer abc,', MALFORMED],
    ['Bearer abc, Bearer abc', MALFORMED],
    ['Bearer abc;q=1', MALFORMED],
    ['Bearer abc=def', MALFORMED],
    ['Bearer =', MALFORMED],
    ['Bearer ====', MALFORMED],
    ['Bearer "abc"', MALFORMED],
    ['Bearer token="abc"', MALFORMED],
    ['Bearer abc\n', MALFORMED],
    ['Bearer abc\r\nX: y', MALFORMED],
    ['Bearer abc\0', MALFORMED],
    ['Bearer abc\x7F', MALFORMED],
    ['Bearer abc\x80', MALFORMED],
    ['Bearer \xFF', MALFORMED],
    ['Bearer skale_\u00E4bc', MALFORMED],
    ['Bearer \u{1F511}', MALFORMED],
    ['Bearer abc%20', MALFORMED],
    ['Bearer a:b', MALFORMED],
    ['Bearer {}', MALFORMED],
    ['Bearer *', MALFORMED]
  ]
  for (const [value, expected] of table) {
    for (const name of ['authorization', 'Authorization', 'AUTHORIZATION', 'aUTHORIZATIOn']) {
      t.strictSame(readCredential(['Host', 'localhost', name, value], null), expected, `${name}: ${JSON.stringify(value.slice(0, 40))}`)
    }
  }
})

t.test('every casing of Bearer and any number of spaces read the same', async (t) => {
  for (const casing of CASINGS) {
    const read = new Set(SPACES.map(spaces => JSON.stringify(readCredential(['Authorization', `${casing}${spaces}abc`], 'x-api-key'))))
    t.strictSame([...read], [JSON.stringify(token('abc'))], casing)
  }
  t.equal(new Set(CASINGS).size, 64)
})

t.test('what is said more than once, or in both headers, is malformed', async (t) => {
  type Lines = ReadonlyArray<readonly [name: string, value: string]>
  const A = 'Authorization'
  const K = 'X-Api-Key'
  const table: ReadonlyArray<readonly [title: string, lines: Lines, withKeyHeader: Credential, without: Credential]> = [
    ['nothing', [], NONE, NONE],
    ['other headers', [['Host', 'x'], ['X-Authorization', 'Bearer a'], ['Proxy-Authorization', 'Bearer a'], ['Cookie', 'a=b']], NONE, NONE],
    ['a key', [[K, 'abc']], inKeyHeader('abc'), NONE],
    ['a key, in lower case', [['x-api-key', 'abc']], inKeyHeader('abc'), NONE],
    ['a key, in upper case', [['X-API-KEY', 'abc']], inKeyHeader('abc'), NONE],
    ['a key and Basic', [[A, 'Basic abc'], [K, 'abc']], inKeyHeader('abc'), NONE],
    ['Digest and a key', [[K, 'abc'], [A, 'Digest abc']], inKeyHeader('abc'), NONE],
    ['a key and an empty Authorization', [[A, ''], [K, 'abc']], inKeyHeader('abc'), NONE],
    ['a key and Bearer', [[K, 'abc'], [A, 'Bearer abc']], MALFORMED, token('abc')],
    ['Bearer and a key', [[A, 'Bearer abc'], [K, 'abc']], MALFORMED, token('abc')],
    ['Bearer without value and a key', [[A, 'Bearer'], [K, 'abc']], MALFORMED, MALFORMED],
    ['Bearer and an empty key', [[A, 'Bearer abc'], [K, '']], MALFORMED, token('abc')],
    ['two keys', [[K, 'abc'], [K, 'def']], MALFORMED, NONE],
    ['the same key twice', [[K, 'abc'], ['x-api-key', 'abc']], MALFORMED, NONE],
    ['two Bearer', [[A, 'Bearer abc'], [A, 'Bearer def']], MALFORMED, MALFORMED],
    ['the same Bearer twice', [[A, 'Bearer abc'], ['authorization', 'Bearer abc']], MALFORMED, MALFORMED],
    ['Bearer and Basic', [[A, 'Bearer abc'], [A, 'Basic abc']], MALFORMED, MALFORMED],
    ['Basic and Bearer', [[A, 'Basic abc'], [A, 'Bearer abc']], MALFORMED, MALFORMED],
    ['Basic twice', [[A, 'Basic abc'], [A, 'Basic def']], MALFORMED, MALFORMED],
    ['two empty ones', [[A, ''], [A, '']], MALFORMED, MALFORMED],
    ['Bearer, others, Bearer', [[A, 'Bearer abc'], ['Accept', '*/*'], ['Host', 'x'], [A, 'Bearer abc']], MALFORMED, MALFORMED],
    ['an empty key', [[K, '']], MALFORMED, NONE],
    ['two keys joined by a comma', [[K, 'abc, def']], MALFORMED, NONE],
    ['a key with a scheme', [[K, 'Bearer abc']], MALFORMED, NONE],
    ['a key with a tab', [[K, 'a\tb']], MALFORMED, NONE],
    ['a key that is not ASCII', [[K, 'abc\xE4']], MALFORMED, NONE],
    ['a header called as a value', [['abc', A], [A, 'Bearer abc']], token('abc'), token('abc')],
    ['values called as headers', [['X-A', A], ['X-B', K], [A, 'Bearer abc']], token('abc'), token('abc')]
  ]
  for (const [title, lines, withKeyHeader, without] of table) {
    t.strictSame(readCredential(lines.flat(), 'x-api-key'), withKeyHeader, title)
    t.strictSame(readCredential(lines.flat(), null), without, `${title}, without a key header`)
  }
})

/** The same by hand, character by character, as the grammars say it. */
function oracle (rawHeaders: readonly string[], keyHeader: string | null): Credential {
  const valuesOf = (name: string) => rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name)
  const isToken = (text: string) => {
    let end = text.length
    while (end > 0 && text[end - 1] === '=') end--
    return end > 0 && [...text.slice(0, end)].every(character => B64.includes(character))
  }
  const authorizations = valuesOf('authorization')
  const keys = keyHeader === null ? [] : valuesOf(keyHeader)
  if (authorizations.length > 1 || keys.length > 1) return MALFORMED
  const [authorization = ''] = authorizations
  const isBearer = CASINGS.includes(authorization.slice(0, 6)) && [undefined, ' ', '\t'].includes(authorization[6])
  if (keys.length === 1) return isBearer || !isToken(keys[0]!) ? MALFORMED : inKeyHeader(keys[0]!)
  if (!isBearer) return NONE
  let start = 6
  while (authorization[start] === ' ') start++
  return start > 6 && isToken(authorization.slice(start)) ? token(authorization.slice(start)) : MALFORMED
}

const value = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abz059-._~+/=, \t;:"_\x80\xFF\0ſı') }),
  anyText(),
  fc.string({ unit: fc.constantFrom(...B64), minLength: 1 }),
  fc.tuple(fc.string({ unit: fc.constantFrom(...B64), minLength: 1 }), fc.nat(4)).map(([text, n]) => text + '='.repeat(n))
)
const headerValue = fc.oneof(
  value,
  fc.tuple(fc.constantFrom(...CASINGS, 'Basic', 'Bearerx', 'beare'), fc.string({ unit: fc.constantFrom(' ', ' ', ' ', '\t'), maxLength: 9 }), value)
    .map(parts => parts.join(''))
)
const headerName = fc.constantFrom('Authorization', 'authorization', 'AuThOrIzAtIoN', 'X-Api-Key', 'x-api-key', 'Host', 'Cookie', 'Authorizatio', 'Authorizations', 'X-Api-Ke')

t.test('any list of headers is read as the grammars say', async () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(headerName, headerValue), { maxLength: 4 }),
    fc.constantFrom('x-api-key', null),
    (lines, keyHeader) => {
      const read = JSON.stringify(readCredential(lines.flat(), keyHeader))
      return read === JSON.stringify(oracle(lines.flat(), keyHeader))
    }
  ), { numRuns: size(20_000, 1_000_000) })
})

/** The text that may be a key. */
function likelyKey (rawHeaders: readonly string[], keyHeader: string | null): string | undefined {
  const at = likelyKeyAt(rawHeaders, keyHeader)
  return at === -1 ? undefined : rawHeaders[at + 1]!.slice(keyStart(rawHeaders[at]!))
}

t.test('what is at a glance a key that is known is the credential that the grammars find, too', async (t) => {
  const own = generateKey(PREFIX)
  const foreign = '{"k":*}'
  const known = [own, foreign]
  const line = fc.tuple(
    fc.constantFrom('Authorization', 'X-Api-Key'),
    fc.tuple(fc.constantFrom('', 'Bearer ', 'Bearer ', 'bearer ', 'Bearer  ', 'Basic ', 'Bearer Bearer '), fc.constantFrom(...known), fc.constantFrom('', '', '', ' ', ',')).map(parts => parts.join(''))
  )
  let found = 0
  fc.assert(fc.property(fc.array(fc.oneof(line, fc.tuple(headerName, headerValue)), { minLength: 1, maxLength: 3 }), fc.constantFrom('x-api-key', null), (lines, keyHeader) => {
    const likely = likelyKey(lines.flat(), keyHeader)
    if (likely === undefined || !known.includes(likely)) return true
    found++
    const credential = readCredential(lines.flat(), keyHeader, value => value === foreign)
    return 'value' in credential && credential.value === likely
  }), { numRuns: size(5_000, 1_000_000) })
  t.ok(found > 100)

  const at = (...lines: string[]) => likelyKey(lines, 'x-api-key')
  t.equal(at('Host', 'a', 'AUTHORIZATION', `Bearer ${own}`), own)
  t.equal(at('X-Api-Key', own, 'Host', 'a'), own)
  t.equal(likelyKey(['X-Api-Key', own], null), undefined)
  for (const lines of [[], ['Authorization', own], ['Authorization', `Basic ${own}`, 'X-Api-Key', own], ['X-Api-Key', own, 'Authorization', 'Basic x'], ['X-Api-Key', own, 'x-api-key', own]]) t.equal(at(...lines), undefined)
})

t.test('reading a credential takes linear time', async (t) => {
  // An exponential or quadratic pattern would not come back from these.
  const n = 200_000
  for (const hostile of ['a'.repeat(n) + '!', '='.repeat(n), 'a' + '='.repeat(n) + 'a', ' '.repeat(n) + '!', 'a='.repeat(n)]) {
    t.same(readCredential(['Authorization', `Bearer ${hostile}`], 'x-api-key'), MALFORMED)
    t.same(readCredential(['X-Api-Key', hostile], 'x-api-key'), MALFORMED)
  }
})

t.test('over a socket, every casing and number of spaces has the same verdict', async (t) => {
  const { app, create, seen } = await wireApp(t)
  const key = await create('clusters:read')
  const client = new RawClient(await listen(app))
  t.teardown(() => { client.end() })
  const forms = CASINGS.flatMap(casing => SPACES.map(spaces => casing + spaces))

  // `cold`: each form with a key of its own, so that the store is asked and `@fastify/bearer-auth` has its say.
  const cold = await client.exchange(await Promise.all(forms.map(async form => rawRequest('/clusters', [`Authorization: ${form}${await create('clusters:read')}`]))))
  const warm = await client.exchange(forms.map(form => rawRequest('/clusters', [`Authorization: ${form}${key}`])))
  const wrong = await client.exchange(forms.map(form => rawRequest('/clusters', [`Authorization: ${form}${withBadChecksum(key)}`])))

  t.strictSame([...new Set(cold.map(({ status, body }) => `${status} ${body}`))], ['200 {"ok":true}'])
  t.strictSame([...new Set(warm.map(({ status, body }) => `${status} ${body}`))], ['200 {"ok":true}'])
  t.strictSame([...new Set(wrong.map(({ status, body }) => `${status} ${body}`))], [`401 ${JSON.stringify(BODY.invalid)}`])
  t.equal(seen.handled, 1024)
})

t.test('on HTTP/1.1, duplicates and both kinds at once are refused without a read of the store', async (t) => {
  const { app, store, create, seen } = await wireApp(t, { plugin: { apiKeyHeader: 'x-api-key', authenticateUser: () => { throw new Error('asked for a user') } } })
  const key = await create('full')
  const other = generateKey(PREFIX)
  const client = new RawClient(await listen(app))
  t.teardown(() => { client.end() })

  const refused = [
    [`Authorization: Bearer ${key}`, `Authorization: Bearer ${key}`],
    [`Authorization: Bearer ${key}`, `authorization: Bearer ${other}`],
    [`AUTHORIZATION: Bearer ${other}`, `Authorization: Bearer ${key}`],
    [`Authorization: Bearer ${key}`, 'Accept: */*', 'Authorization: Basic dTpw'],
    ['Authorization: Basic dTpw', `Authorization: Bearer ${key}`],
    [`Authorization: Bearer ${key}`, 'Authorization:'],
    ['Authorization:', `Authorization: Bearer ${key}`],
    [`X-Api-Key: ${key}`, `X-Api-Key: ${key}`],
    [`X-Api-Key: ${key}`, `x-API-key: ${other}`],
    [`X-Api-Key: ${key}, ${key}`],
    [`X-Api-Key: ${key}`, `Authorization: Bearer ${key}`],
    [`Authorization: Bearer ${key}`, `X-Api-Key: ${other}`],
    [`Authorization: Bearer ${key}`, 'X-Api-Key:'],
    [`X-Api-Key: ${key}`, 'Authorization: Bearer'],
    [`X-Api-Key: ${key}`, 'Authorization: Bearer a.session.token'],
    [`Authorization: Bearer ${key}, Bearer ${key}`],
    [`Authorization: Bearer\t${key}`],
    [`Authorization: Bearer ${key} ${key}`],
    ['Authorization: Bearer'],
    ['Authorization: Bearer    '],
    [`Authorization: Bearer ${key}\x80`],
    ['X-Api-Key:'],
    [`X-Api-Key: Bearer ${key}`],
    [`X-Api-Key: ${key}\xFF`]
  ]
  for (const url of ['/clusters', '/any-key', '/user']) {
    const answers = await client.exchange(refused.map(lines => rawRequest(url, lines)))
    answers.forEach(({ status, head, body }, i) => {
      t.equal(status, 400, `${url} ${refused[i]!.join(' | ').replaceAll(key, '<key>')}`)
      t.strictSame(JSON.parse(body), BODY.malformed)
      t.match(head, /^www-authenticate: Bearer realm="api", error="invalid_request"\r?$/m)
    })
  }
  t.equal(store.reads, 0, 'the store was not asked')
  t.equal(seen.handled, 0, 'no handler ran')

  const [unread] = await client.exchange([rawRequest('/public', refused[0]!)])
  t.equal(unread!.status, 200, 'a public route reads no credential, so none can be malformed')
  const [lines] = await client.exchange([rawRequest('/clusters', ['Authorization: Basic dTpw', `X-Api-Key: ${key}`])])
  t.equal(lines!.status, 200, 'Basic beside a key in its own header is not ours')
})

t.test('a folded or spaced header line does not smuggle a key', async (t) => {
  const { app, create, seen, store } = await wireApp(t)
  const key = await create('full')
  const port = await listen(app)
  const hostile = [
    `Authorization: Bearer\r\n ${key}`,
    `Authorization: Bearer ${key}\r\n Bearer x`,
    `Authorization : Bearer ${key}`,
    ` Authorization: Bearer ${key}`,
    `Authorization: Bearer ${key}\0`,
    `Authorization: Bearer ${key}\x01`,
    `Authorization: Bearer x\rAuthorization: Bearer ${key}`
  ]
  for (const line of hostile) {
    const client = new RawClient(port)
    const [answer] = await client.exchange([rawRequest('/clusters', [line])])
    t.ok(answer!.status === 400 || answer!.status === 401, `${JSON.stringify(line).replace(key, '<key>')}: ${answer!.status}`)
    client.end()
  }
  t.equal(seen.handled, 0)
  t.equal(store.reads, 0)
})

// A client that says exactly what it is told to, for Node's own refuses to send two Authorization headers.
async function http2Get (port: number, url: string, headers: ReadonlyArray<readonly [string, string]>): Promise<string> {
  const frame = (type: number, flags: number, stream: number, payload: Buffer) => {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head.writeUInt8(type, 3)
    head.writeUInt8(flags, 4)
    head.writeUInt32BE(stream, 5)
    return Buffer.concat([head, payload])
  }
  // HPACK (RFC 7541 §6.2.2): a literal header, not indexed, not Huffman coded.
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')])
  const literal = ([name, value]: readonly [string, string]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])
  const block = Buffer.concat([[':method', 'GET'], [':scheme', 'http'], [':path', url], [':authority', 'localhost'], ...headers].map(line => literal(line as [string, string])))

  const socket = connect(port, '127.0.0.1')
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0)), frame(1, 0x5, 1, block)]))
  let received = Buffer.alloc(0)
  let body = ''
  for await (const data of socket) {
    received = Buffer.concat([received, data as Buffer])
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const length = received.readUIntBE(0, 3)
      const [type, flags] = [received[3]!, received[4]!]
      if (type === 0) body += received.toString('utf8', 9, 9 + length)
      received = received.subarray(9 + length)
      if (type === 3) return 'stream reset'
      if (type === 0 && (flags & 1) === 1) return body
    }
  }
  return 'connection closed'
}

t.test('on HTTP/2, duplicates and both kinds at once are refused without a read of the store', async (t) => {
  const { app, store, create, seen } = await wireApp(t, { plugin: { apiKeyHeader: 'X-API-Key' }, fastify: { http2: true } })
  const key = await create('full')
  const other = generateKey(PREFIX)
  const port = await listen(app)

  const refused: ReadonlyArray<ReadonlyArray<readonly [string, string]>> = [
    [['authorization', `Bearer ${key}`], ['authorization', `Bearer ${key}`]],
    [['authorization', `Bearer ${key}`], ['authorization', `Bearer ${other}`]],
    [['authorization', 'Basic dTpw'], ['accept', '*/*'], ['authorization', `Bearer ${key}`]],
    [['x-api-key', key], ['x-api-key', key]],
    [['x-api-key', key], ['x-api-key', other]],
    [['x-api-key', `${key}, ${other}`]],
    [['x-api-key', key], ['authorization', `Bearer ${key}`]],
    [['authorization', `Bearer ${key}`], ['x-api-key', other]],
    [['authorization', `Bearer\t${key}`]],
    [['authorization', 'Bearer']],
    [['authorization', `Bearer ${key}\x80`]]
  ]
  for (const headers of refused) {
    const body = await http2Get(port, '/clusters', headers)
    t.equal(body, JSON.stringify(BODY.malformed), JSON.stringify(headers).replaceAll(key, '<key>'))
  }
  t.equal(store.reads, 0)
  t.equal(seen.handled, 0)
  t.equal(await http2Get(port, '/clusters', [['authorization', `bEARER   ${key}`]]), '{"ok":true}')
  t.equal(await http2Get(port, '/clusters', [['x-api-key', key], ['authorization', 'Basic dTpw']]), '{"ok":true}')
  t.equal(seen.handled, 2)
})

t.test('on HTTP/2, a denial has the same status, challenge and body', async (t) => {
  const { app, create } = await wireApp(t, { fastify: { http2: true } })
  const key = await create()
  const port = await listen(app)
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  t.teardown(() => { session.destroy() })
  const ask = async (headers: Record<string, string>) => {
    const stream = session.request({ ':path': '/clusters', ...headers })
    const [response] = await once(stream, 'response') as [Record<string, string | number>]
    let body = ''
    for await (const part of stream.setEncoding('utf8')) body += part as string
    return { status: response[':status'], type: response['content-type'], challenge: response['www-authenticate'], body: JSON.parse(body) as unknown }
  }
  t.strictSame(await ask({}), ANSWER.required)
  t.strictSame(await ask({ authorization: 'Bearer' }), ANSWER.malformed)
  t.strictSame(await ask(bearer(withBadChecksum())), ANSWER.invalid)
  t.strictSame(await ask(bearer(key)), {
    status: 403,
    type: JSON_TYPE,
    challenge: challenge('error="insufficient_scope", scope="clusters:read"'),
    body: {
      statusCode: 403,
      code: 'FST_API_KEY_MISSING_SCOPE',
      error: 'Forbidden',
      message: 'API key missing required scope: clusters:read',
      requiredScopes: ['clusters:read'],
      missingScopes: ['clusters:read'],
      grantedScopes: []
    }
  })
})

t.test('the key header counts only when it was asked for, in any case, and then decides', async (t) => {
  const asked = { users: 0 }
  const authenticateUser = () => {
    asked.users++
    return null
  }
  const without = await wireApp(t, { plugin: { authenticateUser } })
  const key = await plant(without.store, { scopes: ['full'] })
  for (const name of ['x-api-key', 'X-Api-Key', 'X-API-KEY']) {
    t.strictSame(answerOf(await without.get('/clusters', { [name]: key })), ANSWER.required, `${name} is ignored`)
  }
  t.equal(without.store.reads, 0)
  t.equal(asked.users, 3)

  for (const apiKeyHeader of ['x-api-key', 'X-Api-Key', 'Acme-Key']) {
    asked.users = 0
    const { get, store } = await wireApp(t, { plugin: { authenticateUser, apiKeyHeader } })
    const key = await plant(store, { scopes: ['clusters:read'] })
    for (const name of [apiKeyHeader, apiKeyHeader.toLowerCase(), apiKeyHeader.toUpperCase()]) {
      t.equal((await get('/clusters', { [name]: key })).statusCode, 200, name)
      t.equal((await get('/clusters', { [name]: key, authorization: 'Basic dTpw' })).statusCode, 200, `${name} beside Basic`)
      t.equal((await get('/clusters', { [name]: key, cookie: 'session=1' })).statusCode, 200, `${name} beside a cookie`)
      t.strictSame(answerOf(await get('/clusters', { [name]: withBadChecksum(key) })), ANSWER.invalid)
      t.strictSame(answerOf(await get('/clusters', { [name]: 'no-key-at-all' })), ANSWER.invalid, 'whatever it holds is meant as a key')
      t.strictSame(answerOf(await get('/clusters', { [name]: 'a b' })), ANSWER.malformed)
      t.equal((await get('/user', { [name]: key })).json<{ code: string }>().code, 'FST_API_KEY_USER_ONLY')
    }
    t.equal((await get('/clusters', bearer(key))).statusCode, 200, 'Bearer still works')
    t.equal(asked.users, 0, 'no user was asked for')
  }
})

t.test('another scheme is as no credentials, and its value goes nowhere', async (t) => {
  const { get, store, create } = await wireApp(t)
  const key = await create('full')
  for (const authorization of [`Basic ${key}`, `Digest ${key}`, `ApiKey ${key}`, `Token ${key}`, key, `Bearer:${key}`, `Bearerr ${key}`, '']) {
    t.strictSame(answerOf(await get('/clusters', { authorization })), ANSWER.required, authorization.replace(key, '<key>'))
  }
  t.equal(store.reads, 0)
})

t.test('a hook of the app that changes the headers does not change whose key it is', async (t) => {
  const changes: Record<string, (headers: Record<string, unknown>, other: string) => void> = {
    'puts another key in its place': (headers, other) => { headers.authorization = `Bearer ${other}` },
    'puts another scheme in its place': (headers, other) => { headers.authorization = `Basic ${other}` },
    'puts nonsense in its place': headers => { headers.authorization = 'Bearer \t' },
    'takes it out': headers => { delete headers.authorization },
    'adds one where there is none': (headers, other) => { headers.authorization ??= `Bearer ${other}` }
  }
  for (const [title, change] of Object.entries(changes)) {
    let other = ''
    const { get, store } = await wireApp(t, {
      before: app => { app.addHook('onRequest', async request => { change(request.raw.headers, other) }) },
      after: app => { app.get('/who', { config: { scopes: [] } }, async request => request.principal?.type === 'apiKey' && request.principal.record.name) }
    })
    const key = await plant(store, { name: 'sent' })
    other = await plant(store, { name: 'not sent', scopes: ['full'] })
    for (const round of ['cold', 'cached']) {
      const response = await get('/who', bearer(key))
      t.ok(response.body === 'sent' || (response.statusCode === 400 && /put|take/.test(title)), `${title}, ${round}: ${response.body}`)
      t.equal((await get('/clusters', bearer(key))).statusCode === 200, false)
      t.strictSame(answerOf(await get('/who')), ANSWER.required, 'and a request without a key has none')
    }
  }
})

t.test('what announces itself as a key and has not its shape is invalid, whatever its length', async (t) => {
  const { get, store } = await wireApp(t, { plugin: { keyPrefix: ['skale', 'old_one'] } })
  const key = generateKey(PREFIX)
  const values = [
    'skale_', 'skale_a', key.slice(0, -1), `${key}a`, key.toLowerCase(), key.toUpperCase(), `${key}=`, `${key}==`, `skale${key}`, `skale_${key}`,
    `skale_${'A'.repeat(16)}`, `skale_${'A'.repeat(38)}`, `skale_${'A'.repeat(8000)}`, `skale_${'A'.repeat(15_000)}`,
    `old_${key.slice(6)}`, `old_one_${key.slice(6)}`, key.replace('_', '-'), withBadChecksum(key), key.slice(6), 'abc', 'eyJh.eyJz.c2ln'
  ]
  for (const value of values) t.strictSame(answerOf(await get('/clusters', bearer(value))), ANSWER.invalid, `${value.slice(0, 60)} (${value.length})`)
  t.equal(store.reads, 0)
})

t.test('a flood of malformed header values over real sockets: no 5xx, no crash, no read of the store, no handler', async (t) => {
  const { app, store, seen, create } = await wireApp(t, { plugin: { apiKeyHeader: 'x-api-key' }, fastify: { logger: false } })
  const key = generateKey(PREFIX)
  const good = await create('full')
  const port = await listen(app)

  const wrongKey = fc.oneof(
    fc.constantFrom(withBadChecksum(key), key.slice(0, -1), `${key}0`, 'skale_', `skale_${'0'.repeat(38)}`),
    fc.tuple(fc.nat(key.length - 7), fc.constantFrom(...'ABCxyz019')).map(([at, letter]) => `${key.slice(0, at + 6)}${letter === key[at + 6] ? '_' : letter}${key.slice(at + 7)}`)
  )
  const bytes = fc.string({ unit: fc.nat(0x7F).map(n => String.fromCharCode(0x80 + n)), minLength: 1, maxLength: 40 })
  const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7E }).map(n => String.fromCharCode(n)), maxLength: 60 })
  const long = fc.tuple(fc.integer({ min: 8000, max: 15_500 }), fc.constantFrom('a', '=', ' ', '\t', '\xFF', 'skale_', ',')).map(([n, text]) => text.repeat(n).slice(0, n))
  const anything = fc.oneof({ weight: 6, arbitrary: wrongKey }, { weight: 6, arbitrary: bytes }, { weight: 6, arbitrary: printable }, { weight: 1, arbitrary: long },
    { weight: 1, arbitrary: fc.constant('') }, { weight: 2, arbitrary: fc.tuple(wrongKey, bytes).map(parts => parts.join('')) })
  const line = fc.tuple(
    fc.constantFrom('Authorization: Bearer ', 'authorization: bearer  ', 'Authorization: Bearer\t', 'Authorization: Basic ', 'Authorization: ', 'X-Api-Key: ', 'X-API-KEY:\t'),
    anything
  ).map(parts => parts.join(''))
  const total = size(20_000, 100_000)
  const batches = fc.sample(fc.array(line, { minLength: 50, maxLength: 50 }), { numRuns: total / 50, seed: 20_250 })

  const expected = (line: string) => {
    const colon = line.indexOf(':')
    // Node takes the spaces and tabs around a value away, as RFC 9110 §5.5 demands.
    const credential = readCredential([line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')], 'x-api-key')
    return credential.kind === 'malformed' ? 'malformed' : credential.kind === 'none' ? 'required' : 'invalid'
  }
  let wrong = 0
  const seenAnswers = new Set<string>()
  const clients = [new RawClient(port), new RawClient(port), new RawClient(port), new RawClient(port)]
  await Promise.all(clients.map(async (client, i) => {
    for (let at = i; at < batches.length; at += clients.length) {
      const batch = batches[at]!
      const answers = await client.exchange(batch.map(line => rawRequest('/clusters', [line])))
      answers.forEach(({ status, body }, j) => {
        const answer = expected(batch[j]!)
        seenAnswers.add(answer)
        if (status === BODY[answer].statusCode && body === JSON.stringify(BODY[answer])) return
        if (wrong++ < 5) t.fail(`${JSON.stringify(batch[j])} was answered ${status} ${body}`)
      })
    }
  }))
  t.equal(wrong, 0, `${total} requests were refused as expected`)
  t.equal(seenAnswers.size, 3, 'in all three ways')
  t.equal(store.reads, 0)
  t.equal(seen.handled, 0)
  t.notOk(clients.some(({ closed }) => closed), 'on connections that are still open')
  const [answer] = await clients[0]!.exchange([rawRequest('/clusters', [`Authorization: Bearer ${good}`])])
  t.equal(answer!.status, 200, 'and on which a good key works')
  for (const client of clients) client.end()
})

t.test('headers beyond what Node takes are its own 431, and control characters its own 400', async (t) => {
  const { app, store, seen } = await wireApp(t)
  const port = await listen(app)
  for (const [value, status] of [['a'.repeat(20_000), 431], ['a\x00b', 400], ['a\x1Fb', 400], ['a\x7Fb', 400]] as const) {
    const client = new RawClient(port)
    const [answer] = await client.exchange([rawRequest('/clusters', [`Authorization: Bearer ${value}`])])
    t.equal(answer!.status, status, JSON.stringify(value.slice(0, 10)))
    client.end()
  }
  t.equal((await app.inject('/public')).statusCode, 200, 'the server is still there')
  t.equal(store.reads, 0)
  t.equal(seen.handled, 1)
})
