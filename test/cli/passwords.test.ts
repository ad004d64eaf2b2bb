// A password in the URL of a store stands in nothing that is said, whatever goes wrong with it.
import t from 'tap'
import { hider } from '../../lib/cli/passwords.js'
import { asProcess, project, RUNNERS } from './set-up.js'

const PASSWORDS = ['s3cret', 's3cret%40home', 'p@s3cret', 's3cret:more', '%zz-s3cret', 's3cret/and#more']

for (const [how, run] of RUNNERS) {
  t.test(`${how}: the command line is wrong`, async t => {
    const { config } = project(t)
    // A process takes half a second to start, and there each way to be wrong is tried with one of them.
    for (const password of run === asProcess ? PASSWORDS.slice(0, 1) : PASSWORDS) {
      const url = `mysql://user:${password}@127.0.0.1:1/keys`
      for (const args of [['list', '--store', url], ['list', `--store=${url}`], ['list', `--stor=${url}`], [url, 'list'], ['show', url], ['list', url], ['list', '--config', url], ['list', '--store', url.slice('mysql:'.length)]]) {
        for (const more of [[], ['--json', '--debug']]) {
          const { code, stdout, stderr } = await run([...config, ...args, ...more])
          t.not(code, 0)
          t.notMatch(stdout + stderr, 's3cret', args.join(' '))
        }
      }
    }
  })
}

t.test('what is hidden', async t => {
  const table: Array<[args: string[], said: string, shown: string]> = [
    [['--store', 'redis://:abc@host'], 'abc is wrong', '*** is wrong'],
    [['--store', 'postgres://user:a%40b@host'], 'a%40b is a@b', '*** is ***'],
    [['--store', 'postgres://host/db?user=u&password=abc&ssl=true'], 'abc', '***'],
    [['--store', 'postgres://u:a@b@host'], 'no host b@host, or a@b', 'no host b@host, or ***'],
    [['--store', 'postgres://u:a%zz@host'], 'a%zz', '***'],
    [['--store', 'postgres://user:@host', '--store', 'sqlite:a@b', 'x'], 'user, host, a@b, x', 'user, host, a@b, x'],
    [[], 'nothing', 'nothing']
  ]
  for (const [args, said, shown] of table) t.equal(hider(args)(said), shown, args.join(' '))
})
