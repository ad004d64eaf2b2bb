import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { fingerprintOf } from '../../lib/keys/digest.js'
import { generateKey } from '../../lib/keys/key-format.js'
import type { KnownKey } from '../../lib/keys/known-key.js'
import type { KeyVerifier } from '../../lib/keys/verifier.js'
import { sampleKey } from '../../lib/testing/store-cases/store-case.js'
import { setUp, watched } from './set-up.js'

// What a verifier answers at once, without a look at anything but the text.

const HOUR = 3_600_000

/** The key, if it may be used. */
function keyIn (verifier: KeyVerifier, text: string): KnownKey | undefined {
  const known = verifier.known(text)
  return known?.type === 'apiKey' ? known : undefined
}

/** Both clocks of the system, which stand still until they are set, in milliseconds from now. */
function stopClocks (t: Test) {
  const real = { wall: Date.now, monotonic: performance.now }
  t.teardown(() => {
    Date.now = real.wall
    performance.now = real.monotonic
  })
  const [wall, monotonic] = [Date.now(), performance.now()]
  const set = (at: number, wallAt = at) => {
    Date.now = () => wall + wallAt
    performance.now = () => monotonic + at
  }
  set(0)
  return { set, wall }
}

t.test('a key is known once it was verified, under its own text alone', async (t) => {
  const { keys, verifier } = setUp()
  const { key, record } = await keys.create({ name: 'ci', scopes: ['apps:read'] })
  const other = await keys.create({ name: 'ci', scopes: ['full'] })
  t.equal(verifier.known(key), undefined)
  t.ok((await keys.verify(key)).valid)
  const known = keyIn(verifier, key)!
  t.equal(known.id, record.id)
  t.strictSame(known.record, record)
  t.equal(verifier.known(key), known, 'the same each time')
  for (const text of ['', ' ', key.slice(1), key.slice(0, -1), `${key} `, ` ${key}`, `${key}\0`, `${key}\x01`, key.toUpperCase(), fingerprintOf(key), record.id, other.key]) {
    t.equal(verifier.known(text), undefined, JSON.stringify(text.replace(key, '<key>')))
  }
})

t.test('no text with other characters than ASCII is taken for one that has', async (t) => {
  const { keys, verifier } = setUp()
  const { key } = await keys.create({ name: 'ci', scopes: ['apps:read'] })
  await keys.verify(key)
  for (const [i, character] of [...key].entries()) {
    for (const offset of [0x80, 0x100, 0x1000, 0x10000]) {
      const other = key.slice(0, i) + String.fromCodePoint(character.codePointAt(0)! + offset) + key.slice(i + 1)
      if (verifier.known(other) !== undefined || verifier.peek(other)?.refusal !== 'malformed') t.fail(`${i} ${offset}`)
    }
  }
  t.ok(verifier.known(key))
})

t.test('it is known until the very moment at which it expires, whatever becomes of its record', async (t) => {
  const { set, wall } = stopClocks(t)
  const { keys, verifier } = setUp({ maxStaleness: HOUR })
  const { key, record } = await keys.create({ name: 'ci', scopes: ['apps:read'], expiresAt: new Date(wall + 1000) })
  await keys.verify(key)
  keyIn(verifier, key)!.record.expiresAt!.setFullYear(2999)
  set(999)
  t.ok(verifier.known(key))
  set(1000)
  t.match(verifier.known(key), { type: 'refusedKey', reason: 'expired', key: { record: { id: record.id } } })
  t.equal(verifier.peek(key)?.refusal, 'expired')
})

t.test('a key that was revoked, disabled or changed is not known until it was verified again', async (t) => {
  const ways: Record<string, [end: (id: string) => unknown, known: boolean]> = {
    revoked: [async id => { await keys.revoke(id) }, false],
    disabled: [async id => { await keys.update(id, { disabled: true }) }, false],
    renamed: [async id => { await keys.update(id, { name: 'other' }) }, true],
    'told by its digest': [() => { verifier.changed([fingerprintOf(key)]) }, true],
    'told by its id': [id => { verifier.changed([id]) }, true],
    'not told by anything': [() => { verifier.changed(null) }, true]
  }
  const { keys, verifier } = setUp()
  let key = ''
  for (const [name, [change, isKnown]] of Object.entries(ways)) {
    const issued = await keys.create({ name: 'ci', scopes: ['apps:read'] })
    key = issued.key
    await keys.verify(key)
    const before = verifier.known(key)
    t.ok(before)
    verifier.changed([fingerprintOf('another')])
    t.equal(verifier.known(key), before, 'a change of another is of no matter')
    await change(issued.record.id)
    t.equal(verifier.known(key), undefined, name)
    await keys.verify(key)
    t.equal(keyIn(verifier, key) !== undefined, isKnown, `${name}, and verified`)
    if (!isKnown) t.match(verifier.known(key), { type: 'refusedKey', reason: name, key: { id: issued.record.id } })
    t.not(verifier.known(key), before ?? null)
  }
})

t.test('what is not known to the store, or corrupt, is known to be so', async (t) => {
  const { keys, verifier, store } = setUp()
  const [missing, corrupt] = [generateKey('acme'), generateKey('acme')]
  await store.insert!(sampleKey({ digest: fingerprintOf(corrupt), scopes: [1 as never] }))
  for (const [key, reason] of [[missing, 'unknown'], [corrupt, 'corrupt']] as const) {
    t.match(await keys.verify(key), { valid: false, reason })
    t.strictSame(verifier.known(key), { type: 'refusedKey', reason, key: null })
    t.equal(verifier.peek(key)?.refusal, reason)
  }
})

t.test('whoever looks is told at once what is known, and asks the store for the rest, once', async (t) => {
  const { store, calls } = watched()
  const { keys, verifier } = setUp({ store })
  const { key, record } = await keys.create({ name: 'ci', scopes: ['apps:read'] })
  const missing = generateKey('acme')
  t.strictSame(verifier.look('acme_x'), { key: null, refusal: 'malformed' })
  for (const [text, refusal] of [[key, null], [missing, 'unknown']] as const) {
    const asked = verifier.look(text)
    t.ok(asked instanceof Promise, 'not known yet')
    const verdict = await asked
    t.equal(verdict.refusal, refusal)
    t.strictSame(verifier.look(text), verdict)
  }
  await keys.revoke(record.id)
  t.equal((await verifier.look(key)).refusal, 'revoked')
  t.match(verifier.look(key), { refusal: 'revoked' })
  t.equal(calls.findByDigest, 3)
})

t.test('a known key does no more than its owner may, and is none if there is no such owner', async (t) => {
  const rights = new Map([['u1', ['apps:read']]])
  const { keys, verifier } = setUp({ ownerScopes: id => rights.get(id) ?? null })
  const own = await keys.create({ name: 'ci', scopes: ['full'], ownerId: 'u1' })
  rights.set('u2', ['full'])
  const other = await keys.create({ name: 'ci', scopes: ['full'], ownerId: 'u2' })
  const nobodys = await keys.create({ name: 'ci', scopes: ['full'] })
  rights.delete('u2')
  for (const { key } of [own, other, nobodys]) await keys.verify(key)
  const known = keyIn(verifier, own.key)!
  t.strictSame(['apps:read', 'apps:deploy'].map(scope => known.grant.covers(scope)), [true, false])
  t.strictSame(known.record, own.record, 'though its record says more')
  t.match(verifier.known(other.key), { type: 'refusedKey', reason: 'ownerless' })
  t.equal(verifier.peek(other.key)?.refusal, 'ownerless')
  t.ok(keyIn(verifier, nobodys.key)?.grant.covers('apps:deploy'))
})

t.test('with maxStaleness 0 no key is known', async (t) => {
  const { keys, verifier } = setUp({ maxStaleness: 0 })
  const { key } = await keys.create({ name: 'ci', scopes: ['apps:read'] })
  t.ok((await keys.verify(key)).valid)
  t.equal(verifier.known(key), undefined)
})

t.test('without a lease a key is known for maxStaleness, by both clocks', async (t) => {
  const { set } = stopClocks(t)
  const { store } = watched()
  const { keys, verifier } = setUp({ maxStaleness: HOUR, store: { ...store, changes: undefined as never } })
  const { key } = await keys.create({ name: 'ci', scopes: ['apps:read'] })
  await keys.verify(key)
  for (const [monotonic, wall, isKnown] of [[0, 0, true], [HOUR - 1, HOUR - 1, true], [HOUR, HOUR, false], [HOUR, 0, false], [0, HOUR, false], [0, -HOUR, false], [0, 1 - HOUR, true]] as const) {
    set(monotonic, wall)
    t.equal(verifier.known(key) !== undefined, isKnown, `${monotonic} ${wall}`)
  }
})

t.test('it is known as long as the lease lasts, unless its owner limits it', async (t) => {
  const { set } = stopClocks(t)
  const { store, memory, calls } = watched()
  const { keys, verifier } = setUp({ maxStaleness: HOUR, store, ownerScopes: () => ['full'] })
  const [free, owned] = [await keys.create({ name: 'ci', scopes: ['apps:read'] }), await keys.create({ name: 'ci', scopes: ['apps:read'], ownerId: 'u1' })]
  const known = () => [free, owned].map(({ key }) => verifier.known(key) !== undefined)
  verifier.lease.open()
  await wait(1)
  for (const { key } of [free, owned]) await keys.verify(key)
  set(HOUR / 2)
  // The store hints at it, and the lease asks.
  await memory.insert(sampleKey())
  while (calls.changes !== 2) await wait(1)
  await wait(1)
  t.strictSame(known(), [true, true])
  set(HOUR)
  t.strictSame(known(), [true, false])
  set(HOUR * 1.5 - 1)
  t.strictSame(known(), [true, false])
  set(HOUR * 1.5)
  t.strictSame(known(), [false, false])
  await verifier.lease.close()
})
