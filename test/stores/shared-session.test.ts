import t from 'tap'
import { sharedSession } from '../../lib/stores/shared-session.js'

/** A session that is begun, or not, when the test says so. */
function setUp () {
  const begun: Array<{ done (name: string): void, failed (error: Error): void }> = []
  const ended: string[] = []
  const session = sharedSession(async () => await new Promise<string>((resolve, reject) => {
    begun.push({ done: resolve, failed: reject })
  }), name => { ended.push(name) })
  return { ...session, begun, ended }
}

t.test('the first who opens it begins it, the last who closes it ends it, and it can be opened again', async (t) => {
  const { open, close, current, begun, ended } = setUp()
  const closed = { code: 'FST_API_KEY_STORE_CLOSED' }
  await t.rejects(current(), closed)
  const both = Promise.all([open(), open()])
  t.equal(begun.length, 1)
  begun[0]!.done('first')
  await both
  t.equal(await current(), 'first')
  await close()
  t.equal(await current(), 'first')
  await close()
  t.strictSame(ended, ['first'])
  await t.rejects(current(), closed)
  await close()
  const again = open()
  begun[1]!.done('second')
  await again
  t.equal(await current(), 'second')
  await close()
  t.strictSame(ended, ['first', 'second'])
})

t.test('one that cannot be begun is told to all who open it, and ended by nobody', async (t) => {
  const { open, close, current, begun, ended } = setUp()
  const opening = [open(), open()]
  begun[0]!.failed(new Error('refused'))
  for (const one of opening) await t.rejects(one, { message: 'refused' })
  await close()
  await t.rejects(current(), { code: 'FST_API_KEY_STORE_CLOSED' })
  t.strictSame(ended, [])
})

t.test('one that is closed while it is begun is ended once it has begun', async (t) => {
  const { open, close, begun, ended } = setUp()
  const opening = open()
  const closing = close()
  begun[0]!.done('late')
  await Promise.all([opening, closing])
  t.strictSame(ended, ['late'])
})

t.test('one that failed after it was closed does not end the one that was opened since', async (t) => {
  const { open, close, current, begun, ended } = setUp()
  const refused = t.rejects(open(), { message: 'refused' })
  const closing = close()
  const again = open()
  begun[0]!.failed(new Error('refused'))
  await refused
  await closing
  begun[1]!.done('second')
  await again
  t.equal(await current(), 'second')
  await close()
  t.strictSame(ended, ['second'])
})
