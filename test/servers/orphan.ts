/** A process with a server, to be killed. It says the server's process id and folder. */
import type { Test } from 'tap'
import { serve, serverFolder } from './program.js'

const t = { teardown () {} } as unknown as Test
const folder = serverFolder(t, 'orphan')
await serve(t, {
  folder,
  user: undefined,
  commandLine: () => ['sleep', '600'],
  stopSignal: 'SIGTERM',
  isReady (_port, pid) {
    console.log(JSON.stringify({ pid, folder }))
    return true
  }
})
