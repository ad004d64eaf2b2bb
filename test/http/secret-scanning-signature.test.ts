import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { feedback, found, makeSigningKey, scanningApp, send, signed, type Message } from './github.js'

const IDENTIFIER = 'github-public-key-identifier'
const SIGNATURE = 'github-public-key-signature'

/** An app with a key that a report tells of, and what is to be true after a report that is not GitHub's. */
async function watchedApp (t: Test) {
  const scanning = await scanningApp(t)
  const { key } = await scanning.app.apiKeys.create({ name: 'ci' })
  const body = JSON.stringify([found(key)])
  const state = await scanning.everything()
  scanning.store.reads = 0
  return {
    ...scanning,
    key,
    body,
    async refuses (message: Message, why: string, title = why) {
      const answer = await send(scanning.port, message)
      t.strictSame({ status: answer.status, json: answer.json, challenge: answer.headers['www-authenticate'], reads: scanning.store.reads, state: await scanning.everything(), leaks: scanning.leaks }, {
        status: 400,
        json: { statusCode: 400, code: 'FST_API_KEY_LEAK_REPORT_UNVERIFIED', error: 'Bad Request', message: `This leak report is not signed by GitHub: ${why}` },
        challenge: undefined,
        // The store was not asked, and nothing was changed.
        reads: 0,
        state,
        leaks: []
      }, title)
    }
  }
}

const WRONG = 'the signature does not fit the body'
const MISSING = `the headers ${IDENTIFIER} and ${SIGNATURE} are needed`
const NO_BASE64 = `${SIGNATURE} must be one signature in base64`
const UNKNOWN = `${IDENTIFIER} names no key of GitHub`

/** What GitHub's documentation has shown over the years: identifier, public key, body, signature. */
const GITHUBS_EXAMPLES = [
  [
    '90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq\nkCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==',
    '[{"token":"some_token","type":"some_type","url":"some_url"}]',
    'MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc='
  ],
  [
    'f9525bf080f75b3506ca1ead061add62b8633a346606dc5fe544e29231c6ee0d',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\nHzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==',
    '[{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}]',
    'MEUCIFLZzeK++IhS+y276SRk2Pe5LfDrfvTXu6iwKKcFGCrvAiEAhHN2kDOhy2I6eGkOFmxNkOJ+L2y8oQ9A2T9GGJo6WJY='
  ],
  [
    'bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==',
    '[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]',
    'MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg=='
  ]
] as const

t.test('the signed examples of GitHub\'s documentation are accepted, with the headers in each spelling', async t => {
  const { github, port } = await scanningApp(t)
  github.answerWith((_request, response) => {
    response.end(JSON.stringify({
      public_keys: GITHUBS_EXAMPLES.map(([id, key], i) => ({ key_identifier: id, key: `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----\n`, is_current: i === 2 }))
    }))
  })
  const spellings = [['Github-Public-Key-Identifier', 'Github-Public-Key-Signature'], ['GITHUB-PUBLIC-KEY-IDENTIFIER', 'GITHUB-PUBLIC-KEY-SIGNATURE'], [IDENTIFIER, SIGNATURE]] as const
  for (const [id, , body, signature] of GITHUBS_EXAMPLES) {
    for (const [identifierHeader, signatureHeader] of spellings) {
      const { status, json } = await send(port, { body, headers: { 'content-type': 'application/json', [identifierHeader]: id, [signatureHeader]: signature } })
      t.strictSame([status, json], [200, [feedback('some_token', 'false_positive', 'some_type')]])
    }
    for (const [other] of GITHUBS_EXAMPLES.filter(([other]) => other !== id)) {
      t.equal((await send(port, { body, headers: { [IDENTIFIER]: other, [SIGNATURE]: signature } })).status, 400, 'with another key of theirs it is not')
    }
    t.equal((await send(port, { body: `${body}\n`, headers: { [IDENTIFIER]: id, [SIGNATURE]: signature } })).status, 400)
  }
})

t.test('a report with any one byte flipped, added or missing is refused', async t => {
  const { github, body, key, refuses, report } = await watchedApp(t)
  const headers = signed(body, github.keys[0]!)
  const bytes = Buffer.from(body)
  const tampered: Buffer[] = []
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [0x01, 0x20, 0x80]) {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= mask
      tampered.push(flipped)
    }
    tampered.push(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]))
  }
  tampered.push(Buffer.concat([bytes, Buffer.from(' ')]), Buffer.concat([Buffer.from(' '), bytes]), Buffer.from(`\ufeff${body}`), Buffer.from(JSON.stringify(JSON.parse(body), null, 1)))
  for (const altered of tampered) await refuses({ body: altered, headers }, WRONG)
  t.strictSame((await report(body)).json, [feedback(key, 'true_positive')], 'as it was signed, it is accepted')
})

t.test('a report with any one bit of its signature flipped is refused', async t => {
  const { github, body, refuses } = await watchedApp(t)
  const { [IDENTIFIER]: id, [SIGNATURE]: signature } = signed(body, github.keys[0]!)
  const bytes = Buffer.from(signature, 'base64')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    await refuses({ body, headers: { [IDENTIFIER]: id, [SIGNATURE]: flipped.toString('base64') } }, WRONG)
  }
})

t.test('a signature by whoever is not GitHub, of another kind, or of nothing at all, is refused', async t => {
  const { github, body, refuses, port } = await watchedApp(t)
  const [githubs] = github.keys as [typeof github.keys[0]]
  const stranger = makeSigningKey()
  const by = (privateKey: KeyObject, algorithm: string | null = 'sha256', of: string | Buffer = body) => sign(algorithm, Buffer.from(of), privateKey).toString('base64')
  const digest = createHash('sha256').update(body).digest()
  const der = Buffer.from(by(githubs.privateKey), 'base64')
  const table: ReadonlyArray<readonly [title: string, headers: Record<string, string | string[]>, why: string]> = [
    ['no headers', {}, MISSING],
    ['no signature', { [IDENTIFIER]: githubs.id }, MISSING],
    ['no identifier', { [SIGNATURE]: by(githubs.privateKey) }, MISSING],
    ['the headers of GitHub\'s Copilot', { 'x-github-public-key-identifier': githubs.id, 'x-github-public-key-signature': by(githubs.privateKey) }, MISSING],
    ['a stranger\'s key', signed(body, stranger), UNKNOWN],
    ['a stranger\'s key under GitHub\'s name', signed(body, { ...stranger, id: githubs.id }), WRONG],
    ['an empty identifier', { [IDENTIFIER]: '', [SIGNATURE]: by(githubs.privateKey) }, UNKNOWN],
    ['two identifiers', { [IDENTIFIER]: [githubs.id, githubs.id], [SIGNATURE]: by(githubs.privateKey) }, UNKNOWN],
    ['an identifier with another case', { [IDENTIFIER]: githubs.id.toUpperCase(), [SIGNATURE]: by(githubs.privateKey) }, UNKNOWN],
    ['names that every object has', { [IDENTIFIER]: '__proto__', [SIGNATURE]: by(githubs.privateKey) }, UNKNOWN],
    ['two signatures', { [IDENTIFIER]: githubs.id, [SIGNATURE]: [by(githubs.privateKey), by(githubs.privateKey)] }, NO_BASE64],
    ['an empty signature', { [IDENTIFIER]: githubs.id, [SIGNATURE]: '' }, NO_BASE64],
    ['no base64', { [IDENTIFIER]: githubs.id, [SIGNATURE]: 'sha256=abc' }, NO_BASE64],
    ['base64url', { [IDENTIFIER]: githubs.id, [SIGNATURE]: '-_-_' }, NO_BASE64],
    ['hex', { [IDENTIFIER]: githubs.id, [SIGNATURE]: der.toString('hex') }, WRONG],
    ['very much base64', { [IDENTIFIER]: githubs.id, [SIGNATURE]: 'A'.repeat(8000) }, NO_BASE64],
    ['not in DER', { [IDENTIFIER]: githubs.id, [SIGNATURE]: sign('sha256', Buffer.from(body), { key: githubs.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64') }, WRONG],
    ['another digest', { [IDENTIFIER]: githubs.id, [SIGNATURE]: by(githubs.privateKey, 'sha384') }, WRONG],
    ['of the digest', { [IDENTIFIER]: githubs.id, [SIGNATURE]: by(githubs.privateKey, 'sha256', digest) }, WRONG],
    ['of nothing', { [IDENTIFIER]: githubs.id, [SIGNATURE]: by(githubs.privateKey, 'sha256', '') }, WRONG],
    ['of another report', { [IDENTIFIER]: githubs.id, [SIGNATURE]: by(githubs.privateKey, 'sha256', '[]') }, WRONG],
    ['by Ed25519', { [IDENTIFIER]: githubs.id, [SIGNATURE]: by(generateKeyPairSync('ed25519').privateKey, null) }, WRONG],
    ['r and s of 0', { [IDENTIFIER]: githubs.id, [SIGNATURE]: Buffer.from('3006020100020100', 'hex').toString('base64') }, WRONG],
    ['r and s of 1', { [IDENTIFIER]: githubs.id, [SIGNATURE]: Buffer.from('3006020101020101', 'hex').toString('base64') }, WRONG],
    ['DER that promises more', { [IDENTIFIER]: githubs.id, [SIGNATURE]: Buffer.from('3045022100', 'hex').toString('base64') }, WRONG],
    ['DER with something after it', { [IDENTIFIER]: githubs.id, [SIGNATURE]: Buffer.concat([der, Buffer.alloc(3)]).toString('base64') }, WRONG],
    ...Array.from({ length: 40 }, (_, i) => [`garbage of ${i + 3} bytes`, { [IDENTIFIER]: githubs.id, [SIGNATURE]: randomBytes(i + 3).toString('base64') }, WRONG] as const)
  ]
  for (const [title, headers, why] of table) await refuses({ body, headers }, why, title)
  t.equal((await send(port, { body, headers: signed(body, githubs) })).status, 200, 'GitHub\'s own is accepted')
})

t.test('a key of another kind that GitHub would publish is not used', async t => {
  const { github, body, refuses, report } = await watchedApp(t)
  const others = ['P-384', 'P-521', 'secp256k1'].map(curve => makeSigningKey(curve))
  github.keys.unshift(...others)
  for (const other of others) await refuses({ body, headers: signed(body, other) }, UNKNOWN, other.publicKey.asymmetricKeyDetails!.namedCurve)
  t.equal((await report(body)).status, 200, 'the one beside them is')
})

t.test('the body is taken as it is: in chunks, of any type, but not compressed', async t => {
  const { app, github, report, port } = await scanningApp(t)
  const make = async () => (await app.apiKeys.create({ name: 'ci' })).key
  const signer = github.keys[0]!

  const chunked = await make()
  const body = JSON.stringify([found(chunked, { url: 'https://example.com/\u00e4\u{1F511}' })])
  const parts = [...Buffer.from(body)].map(byte => Buffer.from([byte]))
  t.strictSame((await send(port, { body: parts, headers: signed(body, signer) })).json, [feedback(chunked, 'true_positive')], 'byte by byte')

  for (const type of ['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'multipart/form-data; boundary=x', 'x/y']) {
    const key = await make()
    t.strictSame((await report([found(key)], { headers: { 'content-type': type } })).json, [feedback(key, 'true_positive')], type)
  }
  const untyped = await make()
  const plain = JSON.stringify([found(untyped)])
  t.strictSame((await send(port, { body: plain, headers: signed(plain, signer) })).json, [feedback(untyped, 'true_positive')], 'no type')
  t.equal((await report('[]', { headers: { 'content-type': 'nonsense' } })).status, 415, 'what is no type at all')

  const packed = await make()
  const json = JSON.stringify([found(packed)])
  const gzip = gzipSync(json)
  const encoded = { 'content-encoding': 'gzip', 'content-type': 'application/json' }
  t.equal((await send(port, { body: gzip, headers: { ...encoded, ...signed(json, signer) } })).json.code, 'FST_API_KEY_LEAK_REPORT_UNVERIFIED')
  t.equal((await send(port, { body: gzip, headers: { ...encoded, ...signed(gzip, signer) } })).json.code, 'FST_API_KEY_LEAK_REPORT_MALFORMED')
  t.match(await app.apiKeys.verify(packed), { valid: true })
})

t.test('a body of a megabyte is taken, one of more than four is not, and one that nobody signed is not even read', async t => {
  const { app, github, report, port } = await scanningApp(t)
  const { key } = await app.apiKeys.create({ name: 'ci' })
  const sized = (bytes: number) => {
    const [start, end] = JSON.stringify([found('x', { url: '' }), found(key)]).split('"url":""') as [string, string]
    return `${start}"url":"${'u'.repeat(bytes - start.length - end.length - 8)}"${end}`
  }
  const limit = 4 * 1024 * 1024
  for (const size of [limit + 1, 8 * 1024 * 1024]) {
    const body = sized(size)
    t.equal((await report(body)).json.code, 'FST_ERR_CTP_BODY_TOO_LARGE', 'announced')
    t.equal((await send(port, { body: [body.slice(0, 1000), body.slice(1000)], headers: signed(body, github.keys[0]!) })).json.code, 'FST_ERR_CTP_BODY_TOO_LARGE', 'in chunks')
  }
  t.match(await app.apiKeys.verify(key), { valid: true })
  for (const size of [1024 * 1024, limit]) t.equal((await report(sized(size))).status, 200)
  t.match(await app.apiKeys.verify(key), { valid: false, reason: 'revoked' })

  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`POST /secret-scanning/github HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n${IDENTIFIER}: ${github.keys[0]!.id}\r\n\r\n[`)
    })
    socket.once('data', data => { resolve(data.toString()); socket.destroy() }).once('error', reject)
  })
  t.match(answer, /^HTTP\/1\.1 400 /, 'answered while its body is still to come')
})

t.test('there is nothing but POST', async t => {
  const { github, body, key, app, port } = await watchedApp(t)
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    t.equal((await send(port, { method, body: method === 'GET' || method === 'HEAD' ? '' : body, headers: signed(body, github.keys[0]!) })).status, 404, method)
  }
  t.equal((await send(port, { headers: signed('', github.keys[0]!) })).json.code, 'FST_API_KEY_LEAK_REPORT_MALFORMED', 'no body at all')
  t.match(await app.apiKeys.verify(key), { valid: true })
})
