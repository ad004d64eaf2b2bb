// A server that takes leave in the same breath in which it said hello, as one does that is being killed.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { ownPool } from '../../lib/stores/postgres/driver.js'

t.test('a connection that ends as soon as it is made is an error for whoever asked for it, and does not end the process', async (t) => {
  const hello = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))])
  const farewell = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'))
  const server = createServer((socket) => socket.once('data', () => { socket.end(Buffer.concat([hello, farewell])) })).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')

  const { port } = server.address() as AddressInfo
  const { pool, close } = await ownPool(`postgres://somebody@127.0.0.1:${port}/keys`, { max: 1, connecting: 1000, statements: undefined })
  const client = await pool.connect()
  await t.rejects(client.query({ text: 'SELECT 1' }))
  client.release(true)
  await close()
})

/** As PostgreSQL frames it: a letter, and the length with its own four bytes. */
function message (type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length + 4)
  return Buffer.concat([Buffer.from(type), length, content])
}
