import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { CryptoKey, JSONWebKeySet, JWTHeaderParameters } from 'jose'

export interface IssuerKey { alg: string, kid: string, privateKey: CryptoKey, publicKey: CryptoKey }

export interface SignOptions {
  /** Default: the newest key. */
  key?: IssuerKey
  /** Laid over `{ alg, kid, typ: 'JWT' }`; a parameter that is `undefined` is left out. */
  header?: { [name: string]: unknown }
}

/**
 * A real issuer of session tokens on 127.0.0.1, with a real JWKS endpoint.
 * `keys`: the algorithm of each key it starts with; the last one signs. Default: one for RS256.
 */
export async function startIssuer ({ keys: algorithms = ['RS256'] }: { keys?: readonly string[] } = {}) {
  let requests = 0
  let answer: ((request: IncomingMessage, response: ServerResponse) => void) | null = null
  const own: IssuerKey[] = []
  const ownKey = async (alg: string) => {
    const key = await makeKey(alg)
    own.push(key)
    return key
  }
  const keys: IssuerKey[] = []
  for (const alg of algorithms) keys.push(await ownKey(alg))

  const server = createServer(async (request, response) => {
    if (request.url !== '/.well-known/jwks.json') return response.writeHead(404).end()
    requests++
    if (answer) return answer(request, response)
    response.setHeader('content-type', 'application/json').end(JSON.stringify(await jwks()))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function jwks (): Promise<JSONWebKeySet> {
    return { keys: await Promise.all(keys.map(async ({ publicKey, alg, kid }) => ({ ...await exportJWK(publicKey), alg, kid, use: 'sig' }))) }
  }

  return {
    /** The issuer identifier: the `iss` claim. */
    url,
    jwksUrl: `${url}/.well-known/jwks.json`,
    /** What the JWKS endpoint publishes now. */
    jwks,
    /** The keys it publishes; may be changed. */
    keys,
    /** How often the JWKS endpoint was asked. */
    get requests () { return requests },

    /**
     * A token for `user_1` from this issuer, for `aud: 'api'` and `azp: 'https://app.example.com'`, good for a minute. `claims` are laid
     * over that; one that is `undefined` is left out.
     */
    sign (claims: { [name: string]: unknown } = {}, { key = keys.at(-1)!, header = {} }: SignOptions = {}): Promise<string> {
      const now = Math.floor(Date.now() / 1_000)
      const payload = { iss: url, sub: 'user_1', aud: 'api', azp: 'https://app.example.com', iat: now, exp: now + 60, ...claims }
      const protectedHeader = { alg: key.alg, kid: key.kid, typ: 'JWT', ...header }
      return new SignJWT(payload).setProtectedHeader(protectedHeader as JWTHeaderParameters).sign(key.privateKey)
    },

    /** Adds a key, which signs from now on; `withdraw` takes the earlier ones out of the JWKS. */
    async rotate ({ withdraw = false, alg = 'RS256' } = {}): Promise<IssuerKey> {
      const key = await ownKey(alg)
      if (withdraw) keys.length = 0
      keys.push(key)
      return key
    },

    /** Lets the JWKS endpoint answer in another way; `null`: with the keys again. */
    answerWith (handler: typeof answer) { answer = handler },

    async close (): Promise<void> {
      server.close().closeAllConnections()
      await once(server, 'close')
      for (const { alg, privateKey, publicKey } of own) (unused[alg] ??= []).push({ privateKey, publicKey })
    },
  }
}

let made = 0

/** Of issuers that are closed, by algorithm: it takes a tenth of a second to make a pair for RSA. */
const unused: Record<string, Array<Pick<IssuerKey, 'privateKey' | 'publicKey'>>> = {}

/** With an id that no other key has, and a pair that no other issuer has now. */
export async function makeKey (alg = 'RS256'): Promise<IssuerKey> {
  const pair = unused[alg]?.pop() ?? await generateKeyPair(alg, { extractable: true })
  return { alg, kid: `key_${++made}`, ...pair }
}
