import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A loopback port that nobody listens on. Below those that systems hand out to whoever asks for any, so that it is still
 * free when a server is started on it again.
 */
export async function freePort (): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(() => true, () => false)
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
