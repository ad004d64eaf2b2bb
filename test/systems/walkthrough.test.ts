// Every example starts with one command, and says what to try.
import { join } from 'node:path'
import t from 'tap'
import { answersIn, cannotPaste, commandsIn, run, start, SYSTEMS } from './walkthrough.js'

t.ok(SYSTEMS.includes('skaledata'), `examples: ${SYSTEMS.join(', ')}`)

for (const system of SYSTEMS) {
  t.test(`npm run example -- ${system}`, async t => {
    // Only this example has an issuer of its own for its sessions.
    const more = system === 'skaledata' ? ['--issuer-port=0'] : []
    const program = ['npm', 'run', 'example', '--', system, '--port=0', `--db=${join(t.testdir(), 'keys.db')}`, '--log-level=warn', ...more]
    const { output, url, log, stop } = await start(t, system, program)
    t.equal((await fetch(`${url}/no/such/path`)).status, 404)
    t.match(commandsIn(output), `curl -sw ' -> %{http_code}\\n' ${url}/`)

    await stop('SIGINT')
    await t.rejects(fetch(url), 'the server has ended')
    t.notMatch(log(), '"level":', 'no warning is logged')
  })
}

t.test('what the commands print', { skip: cannotPaste }, async t => {
  const { stdout } = await run(['bash', '-c', 'printf \'{"a":1} -> 200\\n -> 204\\n#!/bin/sh\\necho -> 1\\n -> 200\\n\''])
  t.same(answersIn(stdout), [
    { text: '{"a":1}', status: 200 },
    { text: '', status: 204 },
    { text: '#!/bin/sh\necho -> 1\n', status: 200 }
  ])
  t.same(answersIn(''), [])
  t.throws(() => answersIn('curl: (7) Failed to connect\n'), /without a status/)
  t.throws(() => answersIn('ok -> 200\nkey=1\n'), /without a status/)
})
