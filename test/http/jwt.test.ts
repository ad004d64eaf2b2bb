import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import Fastify from 'fastify'
import type { FastifyRequest } from 'fastify'
import { CompactSign, SignJWT, base64url, exportJWK, exportSPKI } from 'jose'
import t from 'tap'
import type { Test } from 'tap'
import { jwtSessions } from '../../lib/http/jwt.js'
import type { JwtSessionsOptions, JwtUser } from '../../lib/http/jwt.js'
import { anyText } from '../any-text.js'
import { makeKey, startIssuer } from './fixtures-jwt.js'

const request = (authorization?: string, headers = {}) => ({ headers: { ...headers, authorization } }) as FastifyRequest
const bearer = (token: string) => request(`Bearer ${token}`)
const json = (value: unknown) => base64url.encode(JSON.stringify(value))

async function issuerFor (t: Test, options?: Parameters<typeof startIssuer>[0]) {
  const issuer = await startIssuer(options)
  t.teardown(() => issuer.close())
  return issuer
}

/** An issuer, and a function that tells the id of a token's user, or null. */
async function session (t: Test, { keys = ['RS256'], ...options }: { keys?: string[] } & Partial<JwtSessionsOptions> = {}) {
  const issuer = await issuerFor(t, { keys })
  const authenticateUser = jwtSessions({ issuer: issuer.url, audience: 'api', ...options })
  const user = async (token: string) => (await authenticateUser(bearer(token)))?.id ?? null
  return { issuer, authenticateUser, user, signed: async (...args: Parameters<typeof issuer.sign>) => user(await issuer.sign(...args)) }
}

/** Tries until the answer is the wanted one; gives up after a time that no healthy run comes near to. */
async function becomes (t: Test, attempt: () => Promise<unknown>, wanted: unknown, message: string) {
  const end = performance.now() + 20_000
  let answer = await attempt()
  while (answer !== wanted && performance.now() < end) {
    await wait(20)
    answer = await attempt()
  }
  t.equal(answer, wanted, message)
}

/** Stops the clock that jose reads at `ms`. */
function stopClock (t: Test, ms: number) {
  const RealDate = Date
  t.teardown(() => { globalThis.Date = RealDate })
  globalThis.Date = class extends RealDate {
    constructor () { super(ms) }
    static override now () { return ms }
  } as DateConstructor
}

t.test('a valid token makes a user with its subject and claims', async (t) => {
  const { issuer, authenticateUser } = await session(t)
  t.equal(issuer.requests, 0, 'the keys are not read before the first token')
  const user = await authenticateUser(bearer(await issuer.sign({ role: 'admin', scopes: ['all'] })))
  t.match(user, { id: 'user_1', claims: { sub: 'user_1', iss: issuer.url, aud: 'api', role: 'admin' } })
  t.equal(user?.scopes, undefined, 'claims of the token are no scopes unless toUser says so')
  t.equal(issuer.requests, 1)
})

t.test('the scheme is compared without case, and may be followed by several spaces', async (t) => {
  const { issuer, authenticateUser } = await session(t)
  const token = await issuer.sign()
  for (const start of ['Bearer ', 'bearer ', 'BEARER ', 'bEaReR   ']) {
    t.equal((await authenticateUser(request(start + token)))?.id, 'user_1', start)
  }
})

t.test('what is no Bearer JWT is no session, and does not even read the keys', async (t) => {
  const { issuer, authenticateUser } = await session(t)
  const token = await issuer.sign()
  for (const value of [
    undefined, '', 'Bearer', 'Bearer ', token, `Basic ${token}`, `Bearer\t${token}`, `Bearer${token}`, `xBearer ${token}`, 'Bearer skale_abc',
    'Bearer a.b', 'Bearer a.b.c.d', 'Bearer a.b.c.d.e', 'Bearer ..', 'Bearer a..c', `Bearer ${token} x`, `Bearer ${token}, Bearer ${token}`, `Bearer ${token}=`,
  ]) t.equal(await authenticateUser(request(value)), null, String(value).slice(0, 30))
  t.equal(await authenticateUser(request(undefined, { cookie: `__session=${token}`, 'x-api-key': token })), null, 'neither cookies nor other headers are read')
  t.equal(issuer.requests, 0)
})

t.test('a token that nearly fills the header line is accepted', async (t) => {
  const { signed } = await session(t)
  t.equal(await signed({ padding: 'x'.repeat(11_500) }), 'user_1')
})

t.test('the signature must be made with a key of the issuer', async (t) => {
  const { issuer, user, signed } = await session(t)
  const own = issuer.keys[0]!
  const attacker = await makeKey()
  const token = await issuer.sign()
  const [header, , signature] = token.split('.')
  t.equal(await signed({}, { key: attacker }), null, 'unknown kid')
  t.equal(await signed({}, { key: { ...attacker, kid: own.kid } }), null, 'borrowed kid')
  t.equal(await signed({}, { key: attacker, header: { kid: undefined } }), null, 'no kid')
  t.equal(await signed({}, { key: attacker, header: { jwk: await exportJWK(attacker.publicKey), kid: undefined } }), null, 'key brought along')
  t.equal(await signed({}, { key: attacker, header: { jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/' } }), null, 'address of a key brought along')
  t.equal(await user(`${header}.${json({ iss: issuer.url, aud: 'api', sub: 'root', exp: 9e9 })}.${signature}`), null, 'changed claims')
  t.equal(await user(token.slice(0, -4) + 'AAAA'), null, 'changed signature')
  t.equal(await user(`${header}.${token.split('.')[1]}.AA`), null, 'short signature')
  t.equal(await user(token), 'user_1')
})

t.test('the algorithm must be one of those in the options', async (t) => {
  const { issuer, user, signed } = await session(t, { keys: ['ES256', 'RS512', 'RS256'] })
  const [ec, rs512, rs256] = issuer.keys
  const claims = { iss: issuer.url, aud: 'api', sub: 'user_1', exp: Math.floor(Date.now() / 1_000) + 60 }
  t.equal(await signed(), 'user_1')
  t.equal(await signed({}, { key: ec! }), null, 'ES256, though the key is published')
  t.equal(await signed({}, { key: rs512! }), null, 'RS512')
  for (const alg of ['none', 'None', 'NONE', '']) {
    t.equal(await user(`${json({ alg })}.${json(claims)}.`), null, `${alg}, not signed`)
    t.equal(await user(`${json({ alg })}.${json(claims)}.AAAA`), null, `${alg}, with something as signature`)
  }
  const { publicKey, kid } = rs256!
  for (const secret of [await exportSPKI(publicKey), (await exportSPKI(publicKey)).trim(), JSON.stringify(await exportJWK(publicKey))]) {
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(new TextEncoder().encode(secret))
    t.equal(await user(token), null, 'HS256 with the public key as the secret')
  }

  const both = jwtSessions({ issuer: issuer.url, audience: 'api', algorithms: ['RS256', 'ES256'] })
  t.equal((await both(bearer(await issuer.sign({}, { key: ec! }))))?.id, 'user_1', 'ES256 when it is in the list')
  t.equal(await both(bearer(await issuer.sign({}, { key: { ...ec!, kid } }))), null, 'ES256 with the kid of an RSA key')
  t.equal(await both(bearer(await issuer.sign({}, { key: rs512! }))), null)
})

t.test('the issuer must be the one of the options', async (t) => {
  const { issuer, signed } = await session(t)
  for (const iss of ['https://other.example.com', `${issuer.url}/`, issuer.url.toUpperCase(), '', undefined, null, [issuer.url]]) {
    t.equal(await signed({ iss }), null, String(iss))
  }
  const several = jwtSessions({ issuer: ['https://a.example.com', issuer.url], jwksUrl: new URL(issuer.jwksUrl), audience: 'api' })
  t.equal((await several(bearer(await issuer.sign())))?.id, 'user_1')
  t.equal((await several(bearer(await issuer.sign({ iss: 'https://a.example.com' }))))?.id, 'user_1')
  t.equal(await several(bearer(await issuer.sign({ iss: 'https://b.example.com' }))), null)
})

t.test('the audience must be one of the options', async (t) => {
  const { issuer, signed } = await session(t, { audience: ['api', 'api-2'] })
  for (const aud of ['api', 'api-2', ['other', 'api-2']]) t.equal(await signed({ aud }), 'user_1', String(aud))
  for (const aud of ['other', 'ap', 'api,api-2', '', [], ['other'], undefined, null, 1, { api: true }]) t.equal(await signed({ aud }), null, String(aud))
  t.equal(await signed({ azp: 'https://anybody.example.com' }), 'user_1', 'azp is not looked at without authorizedParties')
  t.equal(issuer.requests, 1)
})

t.test('the authorized party must be one of the options', async (t) => {
  const issuer = await issuerFor(t)
  const parties = ['https://app.example.com', 'https://admin.example.com']
  const authenticateUser = jwtSessions({ issuer: issuer.url, authorizedParties: parties })
  const signed = async (claims: object) => (await authenticateUser(bearer(await issuer.sign({ aud: undefined, ...claims }))))?.id ?? null
  parties.push('https://later.example.com')
  t.equal(await signed({}), 'user_1')
  t.equal(await signed({ azp: 'https://admin.example.com' }), 'user_1')
  for (const azp of [
    'https://other.example.com', 'https://app.example.com/', 'https://app.example.com.evil.example', '', undefined, null, 1, [parties[0]], 'https://later.example.com',
  ]) t.equal(await signed({ azp }), null, String(azp))

  const both = jwtSessions({ issuer: issuer.url, authorizedParties: parties, audience: 'api' })
  t.equal((await both(bearer(await issuer.sign())))?.id, 'user_1')
  t.equal(await both(bearer(await issuer.sign({ aud: 'other' }))), null, 'the audience counts as well')
  t.equal(await both(bearer(await issuer.sign({ azp: 'other' }))), null)
})

t.test('an expired token is refused, with five seconds of tolerance', async (t) => {
  const second = 1_800_000_000
  for (const [clock, exp, id] of [
    [second * 1_000, second + 1, 'user_1'],
    [second * 1_000, second - 4, 'user_1'],
    [second * 1_000 + 999, second - 4, 'user_1'],
    [second * 1_000, second - 5, null],
    [second * 1_000 + 999, second - 5, null],
    [second * 1_000, 0, null]
  ] as const) {
    await t.test(`exp ${exp - second} s from now: ${id}`, async (t) => {
      const { signed } = await session(t)
      stopClock(t, clock)
      t.equal(await signed({ exp }), id)
    })
  }
  await t.test('the tolerance is an option in milliseconds', async (t) => {
    const { issuer, signed } = await session(t, { clockTolerance: 2_000 })
    const none = jwtSessions({ issuer: issuer.url, audience: 'api', clockTolerance: 0 })
    stopClock(t, second * 1_000)
    t.equal(await signed({ exp: second - 1 }), 'user_1')
    t.equal(await signed({ exp: second - 2 }), null)
    t.equal((await none(bearer(await issuer.sign({ exp: second + 1 }))))?.id, 'user_1')
    t.equal(await none(bearer(await issuer.sign({ exp: second }))), null)
  })
})

t.test('a token that is not valid yet is refused, with five seconds of tolerance', async (t) => {
  const { signed } = await session(t)
  const second = 1_800_000_000
  stopClock(t, second * 1_000)
  t.equal(await signed({ nbf: second }), 'user_1')
  t.equal(await signed({ nbf: second + 5 }), 'user_1')
  t.equal(await signed({ nbf: second + 6 }), null)
  t.equal(await signed({ nbf: 'yesterday' }), null)
})

t.test('exp and sub are required', async (t) => {
  const { signed } = await session(t)
  for (const exp of [undefined, null, '', '9999999999', true, [9999999999]]) t.equal(await signed({ exp }), null, `exp ${String(exp)}`)
  for (const sub of [undefined, null, '', 0, 17, true, ['user_1'], { id: 'user_1' }]) t.equal(await signed({ sub }), null, `sub ${String(sub)}`)
})

t.test('critical extensions that are not understood are refused, and unencoded payloads', async (t) => {
  const { issuer, user, signed } = await session(t)
  const { kid } = issuer.keys[0]!
  const [, payload] = (await issuer.sign()).split('.')
  for (const header of [
    { crit: ['exp'], exp: 1 }, { crit: ['http://x'], 'http://x': 1 }, { crit: [] }, { crit: 'b64' }, { crit: ['b64'] }, { crit: ['b64'], b64: false }
  ]) {
    t.equal(await user(`${json({ alg: 'RS256', kid, ...header })}.${payload}.AAAA`), null, JSON.stringify(header))
  }
  t.equal(await signed({}, { header: { crit: ['b64'], b64: true } }), 'user_1', 'b64: true changes nothing (RFC 7797 §7)')
  t.equal(await signed({}, { header: { typ: 'at+jwt' } }), 'user_1', 'typ is not enforced')
})

t.test('a payload that is no set of claims is refused, though the signature is right', async (t) => {
  const { issuer, user } = await session(t)
  const { kid, privateKey } = issuer.keys[0]!
  for (const payload of ['null', '[]', '"x"', '1', '{', '']) {
    const token = await new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
    t.equal(await user(token), null, payload)
  }
})

t.test('a token that fits several keys is tried with each', async (t) => {
  const { issuer, signed } = await session(t, { keys: ['RS256', 'RS256', 'RS256'] })
  const header = { kid: undefined }
  for (const key of issuer.keys) t.equal(await signed({}, { key, header }), 'user_1', key.kid)
  t.equal(await signed({}, { key: await makeKey(), header }), null, 'a key that is not published')
  t.equal(await signed({ exp: 1 }, { header }), null, 'expired')
  t.equal(await signed({ aud: 'other' }, { header }), null, 'other audience')
  t.equal(await signed({ sub: '' }, { header }), null, 'no subject')

  const twins = await issuerFor(t)
  twins.keys.push({ ...await makeKey(), kid: twins.keys[0]!.kid })
  const authenticateUser = jwtSessions({ issuer: twins.url, audience: 'api' })
  for (const key of twins.keys) t.equal((await authenticateUser(bearer(await twins.sign({}, { key }))))?.id, 'user_1', 'two keys of one kid')
})

t.test('a key that the issuer adds is accepted once the cooldown is over', async (t) => {
  const { issuer, user } = await session(t, { jwksCooldown: 100 })
  const slow = jwtSessions({ issuer: issuer.url, audience: 'api' })
  const old = await issuer.sign()
  t.equal(await user(old), 'user_1')
  t.equal((await slow(bearer(old)))?.id, 'user_1')
  await issuer.rotate()
  const token = await issuer.sign()
  await becomes(t, () => user(token), 'user_1', 'new key')
  t.equal(await user(old), 'user_1', 'old key, which is still published')
  const asked = issuer.requests
  t.equal(await slow(bearer(token)), null, 'during the cooldown it is unknown')
  t.equal(issuer.requests, asked)
})

t.test('a key that the issuer withdraws is refused once the keys are too old', async (t) => {
  const { issuer, user } = await session(t, { jwksMaxAge: 200 })
  const lasting = jwtSessions({ issuer: issuer.url, audience: 'api' })
  const old = await issuer.sign()
  t.equal(await user(old), 'user_1')
  t.equal((await lasting(bearer(old)))?.id, 'user_1')
  await issuer.rotate({ withdraw: true })
  await becomes(t, () => user(old), null, 'old key')
  t.equal(await user(await issuer.sign()), 'user_1', 'new key')
  t.equal((await lasting(bearer(old)))?.id, 'user_1', 'the keys are kept for jwksMaxAge')
})

t.test('many first requests at once read the keys once', async (t) => {
  const { issuer, user } = await session(t)
  const token = await issuer.sign()
  t.same(new Set(await Promise.all(Array.from({ length: 50 }, () => user(token)))), new Set(['user_1']))
  t.equal(issuer.requests, 1)
})

t.test('a flood of unknown kids does not become a flood of requests to the issuer', async (t) => {
  const { issuer, user } = await session(t)
  const attacker = await makeKey()
  const tokens = await Promise.all(Array.from({ length: 100 }, (_, i) => issuer.sign({}, { key: { ...attacker, kid: `unknown_${i}` } })))
  t.same(new Set(await Promise.all(tokens.map(user))), new Set([null]))
  for (const token of tokens) t.equal(await user(token), null)
  t.equal(issuer.requests, 1, 'within one cooldown')

  const quick = await session(t, { jwksCooldown: 50 })
  const unknown = await quick.issuer.sign({}, { key: attacker })
  const start = performance.now()
  const answers = new Set<unknown>()
  while (performance.now() - start < 300) answers.add(await quick.user(unknown))
  t.same([...answers], [null])
  const most = (performance.now() - start) / 50 + 2
  t.ok(quick.issuer.requests <= most, `over several cooldowns: ${quick.issuer.requests} of at most ${most}`)
})

t.test('an issuer that fails is not asked again for each request', async (t) => {
  const { issuer, user } = await session(t)
  issuer.answerWith((_request, response) => { response.writeHead(500).end() })
  const token = await issuer.sign()
  const start = performance.now()
  const answers = []
  while (performance.now() - start < 700) answers.push(await user(token).catch(() => 'throws'))
  const most = (performance.now() - start) / 500 + 1
  t.same([...new Set(answers)], ['throws'])
  t.ok(issuer.requests <= most, `${issuer.requests} requests, of at most ${most}, for ${answers.length} tokens`)
  await becomes(t, async () => {
    await user(token).catch(() => {})
    return issuer.requests > 1
  }, true, 'but it is asked again')
})

t.test('while an issuer fails, the keys already read stay in use', async (t) => {
  const { issuer, user, signed } = await session(t, { jwksCooldown: 20 })
  const token = await issuer.sign()
  t.equal(await user(token), 'user_1')
  const asked = issuer.requests
  issuer.answerWith((_request, response) => { response.destroy() })
  const key = await makeKey()
  await becomes(t, () => signed({}, { key }).catch(() => 'throws'), 'throws', 'whether an unknown kid is good cannot be told')
  t.equal(await user(token), 'user_1')
  t.ok(issuer.requests > asked)
  issuer.answerWith(null)
  await becomes(t, () => signed({}, { key }).catch(() => 'throws'), null, 'and then it can')
})

t.test('when the keys cannot be read it throws, and recovers', async (t) => {
  const faults: { [what: string]: [Parameters<Awaited<ReturnType<typeof startIssuer>>['answerWith']>[0], RegExp] } = {
    'status 500': [(_, response) => { response.writeHead(500).end('{"keys":[]}') }, /Expected 200 OK/],
    'status 404': [(_, response) => { response.writeHead(404).end() }, /Expected 200 OK/],
    'a redirect': [(_, response) => { response.writeHead(302, { location: '/elsewhere' }).end() }, /Expected 200 OK/],
    'a closed connection': [(_, response) => { response.destroy() }, /fetch failed/],
    'no answer': [() => {}, /timed out/],
    'half an answer': [(_, response) => { response.write('{"keys":') }, /Failed to parse|timed out/],
    'a page': [(_, response) => { response.end('<html>') }, /Failed to parse/],
    'other JSON': [(_, response) => { response.end('{"hello":1}') }, /JSON Web Key Set malformed/],
    null: [(_, response) => { response.end('null') }, /JSON Web Key Set malformed/],
    'keys that are none': [(_, response) => { response.end('{"keys":["x"]}') }, /JSON Web Key Set malformed/],
  }
  for (const [what, [handler, message]] of Object.entries(faults)) {
    await t.test(what, async (t) => {
      const { issuer, user } = await session(t, { jwksTimeout: what.endsWith('answer') ? 250 : 5_000, jwksCooldown: 100 })
      const token = await issuer.sign()
      issuer.answerWith(handler)
      await t.rejects(user(token), { message })
      issuer.answerWith(null)
      await becomes(t, () => user(token).catch(() => 'throws'), 'user_1', 'recovered')
    })
  }

  await t.test('nobody listens', async (t) => {
    const { issuer, user } = await session(t)
    const token = await issuer.sign()
    await issuer.close()
    issuer.close = async () => {}
    await t.rejects(user(token), { name: 'TypeError', message: 'fetch failed' })
    await t.rejects(user(token), { message: `${issuer.jwksUrl} has just failed to answer with keys, and is left in peace for 500 ms` })
  })
})

t.test('a published key that cannot be used is the fault of the issuer, and throws', async (t) => {
  const { issuer, user } = await session(t)
  const token = await issuer.sign()
  const { kid, publicKey, privateKey } = issuer.keys[0]!
  for (const key of [{ kty: 'RSA', kid }, { kty: 'RSA', kid, n: 'AQAB', e: 'AQAB' }, { ...await exportJWK(privateKey), kid }]) {
    issuer.answerWith((_, response) => { response.end(JSON.stringify({ keys: [key] })) })
    await t.rejects(jwtSessions({ issuer: issuer.url, audience: 'api' })(bearer(token)), Object.keys(key).join())
  }
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  issuer.answerWith((_, response) => { response.end(JSON.stringify({ keys: [weak, weak] })) })
  const unnamed = await issuer.sign({}, { header: { kid: undefined } })
  await t.rejects(jwtSessions({ issuer: issuer.url, audience: 'api' })(bearer(unnamed)), { message: /2048 bits/ })
  const one = { ...await exportJWK(publicKey), kid: 'x' }
  issuer.answerWith((_, response) => { response.end(JSON.stringify({ keys: [one, { kty: 'EC', kid }] })) })
  t.equal(await user(token), null, 'a key of another kind is no match')
})

t.test('the default address of the keys is derived from the issuer', async (t) => {
  const issuer = await issuerFor(t)
  const authenticateUser = jwtSessions({ issuer: `${issuer.url}/`, audience: 'api' })
  t.equal((await authenticateUser(bearer(await issuer.sign({ iss: `${issuer.url}/` }))))?.id, 'user_1', 'a final slash belongs to the issuer, not to the address')
  t.equal(await authenticateUser(bearer(await issuer.sign())), null)
  const other = jwtSessions({ issuer: 'not-a-url', jwksUrl: issuer.jwksUrl, audience: 'api' })
  t.equal((await other(bearer(await issuer.sign({ iss: 'not-a-url' }))))?.id, 'user_1')
})

t.test('with the keys in the options there is no network', async (t) => {
  const issuer = await startIssuer()
  const jwks = await issuer.jwks()
  await issuer.close()
  const algorithms = ['RS256']
  const authenticateUser = jwtSessions({ issuer: ['https://a.example.com', issuer.url], jwks, audience: 'api', algorithms })
  jwks.keys.length = 0
  algorithms.length = 0
  t.equal((await authenticateUser(bearer(await issuer.sign())))?.id, 'user_1', 'nor do later changes of the options matter')
  t.equal(await authenticateUser(bearer(await issuer.sign({}, { key: await makeKey() }))), null)
})

t.test('toUser makes the user', async (t) => {
  const issuer = await issuerFor(t)
  const withUser = <User extends JwtUser>(toUser: NonNullable<JwtSessionsOptions<User>['toUser']>) => jwtSessions({ issuer: issuer.url, audience: 'api', toUser })
  const token = bearer(await issuer.sign({ org: 'acme', sts: 'pending' }))
  const named = await withUser(async (claims) => ({ id: claims.sub, scopes: ['a:read'], org: claims['org'] }))(token)
  t.same(named, { id: 'user_1', scopes: ['a:read'], org: 'acme' })
  t.equal(named?.org, 'acme', 'and its type is the one of the result')
  t.equal(await withUser(({ sub, sts }) => sts === 'pending' ? null : { id: sub })(token), null)
  const failure = Object.assign(new Error('no database'), { code: 'ERR_JWT_EXPIRED' })
  await t.rejects(withUser(() => { throw failure })(token), failure)
  await t.rejects(withUser(async () => { throw failure })(token), failure)
  let calls = 0
  t.equal(await withUser(() => { calls++; return { id: 'x' } })(bearer(await issuer.sign({ aud: 'other' }))), null)
  t.equal(calls, 0, 'it never sees claims that were not verified')
})

t.test('garbage is refused and never throws', async (t) => {
  const { issuer, authenticateUser } = await session(t)
  const { kid } = issuer.keys[0]!
  const part = fc.oneof(
    fc.string(), anyText(), fc.json(), fc.stringMatching(/^[\w-]{0,40}$/),
    fc.record({ alg: fc.constantFrom('RS256', 'HS256', 'none', '__proto__'), kid: fc.oneof(fc.constant(kid), fc.anything()), crit: fc.anything(), b64: fc.anything() },
      { requiredKeys: [] }).map((header) => JSON.stringify(header, (_, value) => typeof value === 'bigint' ? String(value) : value))
  )
  const encoded = part.map((text) => base64url.encode(text))
  const header = fc.oneof(
    fc.string(), anyText(), fc.tuple(part, part, part).map((parts) => `Bearer ${parts.join('.')}`),
    fc.tuple(encoded, encoded, encoded).map((parts) => `Bearer ${parts.join('.')}`)
  )
  await fc.assert(fc.asyncProperty(header, async (authorization) => await authenticateUser(request(authorization)) === null), { numRuns: 3_000 })
  t.ok(issuer.requests <= 1)
})

t.test('a real app answers 401 for a bad token and 503 for an issuer that fails', async (t) => {
  const issuer = await issuerFor(t)
  const app = Fastify()
  t.teardown(() => app.close())
  const authenticateUser = jwtSessions({ issuer: issuer.url, authorizedParties: ['https://app.example.com'], jwksCooldown: 100 })
  app.addHook('onRequest', async (request, reply) => {
    const user = await authenticateUser(request).catch(() => undefined)
    if (user) reply.header('x-user', user.id)
    else return reply.code(user === null ? 401 : 503).send()
  })
  app.get('/', async () => 'hello')
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const ask = (authorization?: string) => fetch(url, authorization === undefined ? {} : { headers: { authorization } })
  const token = await issuer.sign({ padding: 'x'.repeat(11_000) })

  issuer.answerWith((_, response) => { response.writeHead(502).end() })
  t.equal((await ask(`Bearer ${token}`)).status, 503)
  issuer.answerWith(null)
  await becomes(t, async () => (await ask(`Bearer ${token}`)).status, 200, 'accepted')
  t.equal((await ask(`bearer ${token}`)).headers.get('x-user'), 'user_1')
  t.equal((await ask(`Bearer ${await issuer.sign({ azp: 'https://evil.example' })}`)).status, 401)
  t.equal((await ask()).status, 401)
})

t.test('bad options are refused at once, all together, with what to do', async (t) => {
  const jwks = { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] }
  const good = { issuer: 'https://clerk.example.com', audience: 'api' }
  const faults = (options: unknown): string[] => {
    try {
      jwtSessions(options as JwtSessionsOptions)
    } catch (error) {
      t.type(error, TypeError)
      const [first, ...rest] = (error as Error).message.split('\n- ')
      t.equal(first, 'jwtSessions cannot work with these options:')
      return rest
    }
    return []
  }
  const fault = (options: object, message: string | RegExp) => {
    const found = faults({ ...good, ...options })
    t.equal(found.length, 1, found.join())
    t.match(found[0], message)
  }

  for (const options of [
    {}, { jwksUrl: 'https://keys.example.com' }, { jwksUrl: new URL('http://10.0.0.1/keys') }, { jwks }, { issuer: 'urn:x', jwks }, { issuer: ['a', 'b'], jwks },
    { audience: ['a', 'b'] }, { authorizedParties: ['https://a'] }, { algorithms: ['ES256', 'EdDSA', 'PS512'] }, { clockTolerance: 0 },
    { jwksTimeout: 1, jwksCooldown: 1, jwksMaxAge: 2147483647 }, { toUser: () => null }
  ]) t.same(faults({ ...good, ...options }), [], JSON.stringify(options))

  for (const value of ['', [], [''], ['a', ''], 1, null, {}, [['a']]]) {
    t.match(faults({ ...good, issuer: value })[0], /^issuer must be the `iss` claim/, JSON.stringify(value))
    fault({ audience: value }, /^audience must be a value of the `aud` claim/)
    fault({ authorizedParties: value }, /^authorizedParties must be a list/)
  }
  fault({ authorizedParties: 'https://app.example.com' }, /^authorizedParties must be a list .*\["https:/)
  for (const value of ['', '/keys', 'ftp://a', 'file:///keys', 'https://me@a', 'https://:secret@a', 1, null, {}]) {
    fault({ jwksUrl: value }, /^jwksUrl must be an http or https URL/)
  }
  for (const value of [
    null, 1, '', {}, { keys: {} }, { keys: [] }, { keys: [null] }, { keys: [1] }, { keys: [{}] }, { keys: [{ kty: 'oct', k: 'AA' }] },
    { keys: [...jwks.keys, { kty: 'RSA', d: 'AA' }] }
  ]) fault({ jwks: value }, /^jwks must be a JSON Web Key Set of public keys/)
  for (const value of ['RS256', [], ['none'], ['RS256', 'HS256'], ['HS512'], ['rs256'], ['A128KW'], [null], null]) {
    fault({ algorithms: value }, /^algorithms must be a list from RS256, .*"none" or HS256/)
  }
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 31, '5000', null]) {
    fault({ clockTolerance: value }, 'clockTolerance must be a whole number of milliseconds, from 0 to 2147483647')
    for (const name of ['jwksTimeout', 'jwksCooldown', 'jwksMaxAge']) fault({ [name]: value }, `${name} must be a whole number of milliseconds, from 1 to 2147483647`)
  }
  fault({ jwksTimeout: 0 }, /^jwksTimeout must be/)
  fault({ toUser: 'sub' }, /^toUser must be a function/)
  fault({ toUser: undefined }, 'toUser is undefined: is an environment variable not set? Give it a value, or leave it out')
  fault({ authorizedParties: undefined }, /^authorizedParties is undefined/)
  fault({ audiance: 'api' }, /^audiance is not an option; the options are issuer, .*audience/)
  fault({ audiance: undefined }, /^audiance is not an option/)
  fault({ constructor: 1 }, /^constructor is not an option/)
  fault({ jwks, jwksUrl: 'https://a' }, 'jwksUrl and jwks exclude each other: leave one out')
  for (const issuer of ['urn:x', 'clerk.example.com', ['https://a']]) fault({ issuer }, /^jwksUrl \(or jwks\) is required, because issuer is not one URL/)

  t.match(faults({ issuer: 'https://a' }), [/^audience or authorizedParties is required: .*another application/])
  t.match(faults({ audience: 'api' }), ['issuer is required: the `iss` claim of the tokens'])
  t.match(faults({ issuer: undefined, audience: undefined }), [/^issuer is undefined/, /^audience is undefined/, /^audience or authorizedParties is required/])
  for (const nothing of [undefined, {}]) t.match(faults(nothing), [/^issuer is required/, /^audience or authorizedParties is required/])
  t.equal(faults({ issuer: 1, jwks, jwksUrl: 'x', algorithms: ['none'], clockTolerance: '5', surprise: true }).length, 7)
})
