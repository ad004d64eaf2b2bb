// Keys as other systems have made them, with the digests that these systems keep: what docs/migration.md promises of each.
import { createHash } from 'node:crypto'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { apiKeyScopes, defineScopes, memoryStore, type ForeignKeyShape } from '../../lib/index.js'
import { generateKey } from '../../lib/keys/key-format.js'

interface System {
  readonly name: string
  readonly shape: ForeignKeyShape
  /** Made by the system's own code, each with what it keeps of it. */
  readonly keys: ReadonlyArray<readonly [key: string, digest: string]>
  /** Of the same shape, and not known. */
  readonly strangers: readonly string[]
  /** Nearly of that shape. */
  readonly others: readonly string[]
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const systems: readonly System[] = [
  {
    // laravel/sanctum: HasApiTokens::createToken keeps hash('sha256', $plainText), which is hexadecimal, and hands out
    // "<id>|<plainText>" (without the id before 2.3.0). PersonalAccessToken::findToken hashes what stands after the first
    // "|", or all if there is none. The plain text: Str::random(80), since 2.6.0 Str::random(40), since 3.2.6
    // token_prefix . Str::random(40) . hash('crc32b', the random part). Made with the hash() of PHP 8.0.30.
    name: 'Laravel Sanctum 2 to 4',
    shape: {
      match: /(?:\d+\|)?(?:acme_)?[0-9A-Za-z]{40}(?:[0-9a-f]{8}|[0-9A-Za-z]{40})?/,
      digest: key => sha256(key.slice(key.indexOf('|') + 1))
    },
    keys: [
      ['1|cyw1RYisQ3hF26SIqg8dB413lwQwvOMzE7Ejum3Ke0b90102', '86ec27264e2e014a29ed6b3bcb00670083ab9a2ad5aadb0d065629d98d0dbc20'],
      ['12|acme_N36CE8bwYnqQdwzWtPC2A4bghL9WjcqRwCofwYdwa5d44835', 'e255e8f134b5e1864edfb034b1d1644ec1e37e1b9fb452d824c3ee6a6c01a902'],
      ['7|0TrugHsozuKfIJvFC2Qx8FgEgWA84ernseiZ1K6H', '75d6b49e455623e052a534a3d37c29e7b0df78a96d9d4d9eb30ac623d0267a57'],
      ['aai9dDV3H8OZ4E0QmQEymVO473DRpPZd9G9RjTa66TLe6JoEpsS2MedW9R6NnrpYL5bWlNiBnpy5lEgQ', '4e462c49db8b019a220c6c264e9f1e2f9b3dc48e48e76f6e257c02014c01e065']
    ],
    strangers: ['1|cyw1RYisQ3hF26SIqg8dB413lwQwvOMzE7Ejum3Ke0b90103', '7|0trugHsozuKfIJvFC2Qx8FgEgWA84ernseiZ1K6H', 'N36CE8bwYnqQdwzWtPC2A4bghL9WjcqRwCofwYdwa5d44835'],
    others: ['|0TrugHsozuKfIJvFC2Qx8FgEgWA84ernseiZ1K6H', '7||0TrugHsozuKfIJvFC2Qx8FgEgWA84ernseiZ1K6H', '7|0TrugHsozuKfIJvFC2Qx8FgEgWA84ernseiZ1K6']
  },
  {
    // better-auth 1.7.25 with @better-auth/api-key 1.7.5: defaultKeyHasher is SHA-256 of the whole key in base64url without
    // padding; defaultKeyGenerator puts the prefix, as it is, before 64 letters. Made with auth.api.createApiKey.
    name: 'better-auth',
    shape: { match: /(?:acme_|old-)?[a-zA-Z]{64}/ },
    keys: [
      ['acme_poQNftGenQbVGvSuVZihncfoqnuxuGJZTENkwwvzJqsmshdFBZVTleHGVVYQcYfU', 'CBlBVhK2zEiCVIlTaUKn_Y_BiI-3rgzcZTgzU-qT37M'],
      ['old-KjpGyXzyQJOTixiUnEUYVhqNnzUgJSnAuOhFWaBXHFszcDbiVKAJCXdfBVffBMlU', 'riLbboZEP2EXdZ6Yaf_eZh7okI8nKXL4V4t7QEKfiRI']
    ],
    strangers: ['poQNftGenQbVGvSuVZihncfoqnuxuGJZTENkwwvzJqsmshdFBZVTleHGVVYQcYfU', 'acme_PoQNftGenQbVGvSuVZihncfoqnuxuGJZTENkwwvzJqsmshdFBZVTleHGVVYQcYfU'],
    others: ['acme-poQNftGenQbVGvSuVZihncfoqnuxuGJZTENkwwvzJqsmshdFBZVTleHGVVYQcYfU', 'acme_poQNftGenQbVGvSuVZihncfoqnuxuGJZTENkwwvzJqsmshdFBZVTleHGVVYQcYf']
  },
  {
    // Unkey (unkeyed/unkey, go/internal/services/keys/create.go and go/pkg/hash): a prefix and "_", and random bytes in
    // base58, 16 unless more are asked for; kept is SHA-256 of the whole in base64 with padding, the variant "sha256_base64"
    // of its migration API. Made so with bs58 5.0.0. The last two are of its earlier format, where base58 begins with two
    // bytes of version and length; the very last is one of Unkey's own test vectors.
    name: 'Unkey',
    shape: { match: /(?:prod_)?[1-9A-HJ-NP-Za-km-z]{20,44}/ },
    keys: [
      ['prod_6nb5jcLzna8Ry37i12YWCN', 'MqMUuoRR7deZKG+ytmw0yK5yJt4nlxcpfrnJ80Q/yMs='],
      ['6zQfEfcDpiPn8oE4d6Gs4t', 'ndt6nRz2mAVdJWQVF0ehg22vkvEHBzYxVbaxdgio2XI='],
      ['prod_3ZUNiBp2uKDFMjYq7Y5oeERF', 'HxuoxJuST00OAfqefGIqXGKiFazzBvUYLcBekLbFuxQ='],
      ['3ZFeSzZi4bAHLaADiPyJy7BN', 'Af0t8Qg3G7oLwGHlkgMYIeloGL2dNBfcLxOLp3IDROY=']
    ],
    strangers: ['6nb5jcLzna8Ry37i12YWCN', 'prod_6zQfEfcDpiPn8oE4d6Gs4t', '3ZFeSzZi4bAHLaADiPyJy7Bn'],
    others: ['prod_0nb5jcLzna8Ry37i12YWCN', 'test_6nb5jcLzna8Ry37i12YWCN', 'prod_6nb5jcLzna8Ry37']
  },
  {
    // prefixed-api-key 1.1.1: "<prefix>_<short token, 8>_<long token, 24>" in base58, padded with zeros; kept is
    // hashLongToken, SHA-256 of the long token in hexadecimal. Made with generateAPIKey.
    name: 'Seam, prefixed-api-key',
    shape: { match: /(?:acme|my_company)_[0-9A-Za-z]{8}_[0-9A-Za-z]{24}/, digest: key => sha256(key.slice(key.lastIndexOf('_') + 1)) },
    keys: [
      ['acme_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrsn', '57a321a38f84b06f49d908f23de16f4f9de380d4ba035a14401ff566f549d336'],
      ['my_company_b4cof96N_DKTfa82Vvbq6hW3YYY3aXDmP', '7e0f75b077925de33559892db932da57d8a301e0c99658dce0937178bb578f69']
    ],
    strangers: ['acme_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrsN', 'acme_6e9z7Xik_DKTfa82Vvbq6hW3YYY3aXDmp'],
    others: ['acme_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrs', 'acme__B83FKcK3ucocCjy4C4PBqrsn', 'acme_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrsn_', 'other_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrsn']
  }
]

async function appWith (t: Test, foreignKeys: ForeignKeyShape[], pepper?: string) {
  const app = Fastify()
  t.teardown(() => app.close())
  const store = memoryStore()
  await app.register(apiKeyScopes, {
    scopes: defineScopes({ full: { includes: '*' }, 'things:read': 'Read' }),
    store,
    keyPrefix: 'acme',
    apiKeyHeader: 'x-api-key',
    foreignKeys,
    ...pepper !== undefined && { pepper }
  })
  app.get('/things', { config: { scopes: 'things:read' } }, async () => [])
  await app.ready()
  const statusOf = async (headers: Record<string, string>) => (await app.inject({ url: '/things', headers })).statusCode
  return { app, store, statuses: async (key: string) => [await statusOf({ authorization: `Bearer ${key}` }), await statusOf({ 'x-api-key': key })] }
}

for (const { name, shape, keys, strangers, others } of systems) {
  for (const pepper of [undefined, 'p'.repeat(32)]) {
    t.test(`${name}: keys work as before${pepper === undefined ? '' : ', with a pepper too'}`, async (t) => {
      const { app, store, statuses } = await appWith(t, [shape], pepper)
      for (const [key] of keys) t.strictSame(await statuses(key), [401, 401], `${key} is not known yet`)
      const { imported } = await app.apiKeys.import(keys.map(([, digest], i) => ({ digest, name: `${name} ${i}`, scopes: ['things:read'] as never })))

      for (const [i, [key]] of keys.entries()) {
        t.strictSame(await statuses(key), [200, 200], key)
        t.strictSame(await app.apiKeys.verify(key), { valid: true, record: imported[i] })
      }
      for (const key of strangers) t.strictSame([await app.apiKeys.verify(key), ...await statuses(key)], [{ valid: false, reason: 'unknown', record: null }, 401, 401], key)
      for (const key of others) t.match(await app.apiKeys.verify(key), { valid: false, reason: 'malformed' }, key)

      const kept = JSON.stringify(await store.list({ limit: 100 }))
      for (const [key] of keys) t.notOk(kept.includes(key) || kept.includes(key.slice(-20)), 'no key is kept')
    })
  }
}

t.test('keys of all systems and of our own work in one app, and are replaced by rotation', async (t) => {
  const { app, statuses } = await appWith(t, systems.map(({ shape }) => shape))
  const own = (await app.apiKeys.create({ name: 'own', scopes: ['full'] as never })).key
  const keys = systems.flatMap(({ keys }) => keys)
  const { imported } = await app.apiKeys.import(keys.map(([key, digest]) => ({ digest, name: 'imported', scopes: ['things:read'] as never, start: key.slice(0, 4) })))
  for (const key of [own, ...keys.map(([key]) => key)]) t.strictSame(await statuses(key), [200, 200], key.slice(0, 8))

  for (const [i, { id }] of imported.entries()) {
    const successor = await app.apiKeys.rotate(id, { gracePeriod: 'PT0S' })
    t.match(successor!.key, /^acme_[0-9A-Za-z]{38}$/)
    t.strictSame(await statuses(successor!.key), [200, 200])
    t.strictSame(await statuses(keys[i]![0]), [401, 401])
  }
  t.strictSame(await statuses(generateKey('acme')), [401, 401])
})
