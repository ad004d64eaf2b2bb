// Whatever is wrong: one line that names it, an exit code for it, nothing on standard output, and nothing changed.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hider } from '../../lib/cli/passwords.js'
import { aKey, asProcess, inProcess, OPTIONS, project, RUNNERS, type How, type Run } from './set-up.js'

type Bad = readonly [args: readonly string[], exit: number, code: string, message: RegExp, how?: How]

const DURATION = 'such as P90D'

const BAD: readonly Bad[] = [
  // The command line.
  [['lst'], 2, 'CLI_WRONG', /^unknown command 'lst' \(Did you mean list\?\)$/],
  [['list', '--ownr', 'u1'], 2, 'CLI_WRONG', /^unknown option '--ownr' \(Did you mean --owner\?\)$/],
  [['list', 'more'], 2, 'CLI_WRONG', /^too many arguments for 'list'/],
  [['show'], 2, 'CLI_WRONG', /^missing required argument 'id'$/],
  [['create'], 2, 'CLI_WRONG', /^required option '--name <name>' not specified$/],
  [['create', '--name'], 2, 'CLI_WRONG', /^option '--name <name>' argument missing$/],
  [['create', '--name', 'a', '--expires', '90d'], 2, 'CLI_WRONG', new RegExp(`^option '--expires <when>' argument '90d' is invalid\\. It must be an ISO 8601 duration ${DURATION}.*, or never\\.$`)],
  [['create', '--name', 'a', '--expires', '2030-02-31'], 2, 'CLI_WRONG', /'--expires <when>' argument '2030-02-31' is invalid/],
  [['rotate', 'k', '--grace', '7'], 2, 'CLI_WRONG', /^option '--grace <duration>' argument '7' is invalid\. It must be an ISO 8601 duration such as .*; PT0S for none\.$/],
  [['list', '--limit', '0'], 2, 'CLI_WRONG', /^option '--limit <n>' argument '0' is invalid\. It must be a whole number from 1 to 1000\.$/],
  [['list', '--limit', '1001'], 2, 'CLI_WRONG', /'--limit <n>'/],
  [['list', '--limit', '1e2'], 2, 'CLI_WRONG', /'--limit <n>'/],
  [['list', '--state', 'gone'], 2, 'CLI_WRONG', /^option '--state <state>' argument 'gone' is invalid\. Allowed choices are active, disabled, expired, revoked\.$/],
  [['list', '--unused-for', 'P1'], 2, 'CLI_WRONG', /^option '--unused-for <duration>' argument 'P1' is invalid\. It must be past: /],
  [['list', '--unused-for', '2999-01-01'], 2, 'CLI_WRONG', /^option '--unused-for <duration>' argument '2999-01-01' is invalid\. It must be past: /],
  [['list', '--all', '--limit', '3'], 2, 'CLI_WRONG', /^option '--all' cannot be used with option '--limit <n>'$/],
  [['list', '--cursor', 'x'], 2, 'FST_API_KEY_INVALID_INPUT', /^cursor must be one that a page came with$/],
  [['revoke'], 2, 'CLI_WRONG', /^give the id of a key, or --owner for all keys of an owner$/],
  [['revoke', 'k', '--owner', 'u1'], 2, 'CLI_WRONG', /^give the id of a key, or --owner/],
  [['usage', 'k', '--owner', 'u1'], 2, 'CLI_WRONG', /^give an id or --owner, not both$/],
  [['purge', '--yes'], 2, 'CLI_WRONG', /^required option '--older-than <duration>' not specified$/],
  [['purge', '--older-than', '2999-01-01', '--yes'], 2, 'CLI_WRONG', /'--older-than <duration>'/],
  [['import'], 2, 'CLI_WRONG', /^missing required argument 'file'$/],

  // What a key may be.
  [['create', '--name', ''], 2, 'FST_API_KEY_INVALID_INPUT', /^name must be a string of 1 to 200 characters/],
  [['create', '--name', 'a\u001b[31m', '--owner', ''], 2, 'FST_API_KEY_INVALID_INPUT', /^name must be .*; ownerId must be /],
  [['create', '--name', 'a', '--scope', 'apps:red'], 2, 'FST_API_KEY_INVALID_INPUT', /^unknown scope "apps:red" \(did you mean "apps:read"\?\)$/],
  [['create', '--name', 'a', '--preset', 'CI depoy'], 2, 'CLI_WRONG', /^there is no preset "CI depoy" \(did you mean "CI deploy"\?\); there is "CI deploy"$/],
  [['create', '--name', 'a', '--expires', '2020-01-01'], 2, 'FST_API_KEY_INVALID_INPUT', /^expiresAt must be in the future, not 2020-01-01T00:00:00\.000Z$/],
  [['revoke', 'k', '--reason', 'a\nb'], 2, 'FST_API_KEY_INVALID_INPUT', /^reason must be a string of 1 to 200 characters without control characters/],
  [['rotate', 'rotated'], 2, 'FST_API_KEY_ALREADY_ROTATED', /^This API key was rotated already; rotate its successor$/],
  [['rotate', 'over'], 2, 'FST_API_KEY_INVALID_INPUT', /^the key is revoked, and cannot be rotated; create a new one$/],

  // Keys that do not exist.
  [['show', 'no-such'], 3, 'CLI_NOT_FOUND', /^there is no API key with the id "no-such"; api-key-scopes list shows the ids$/],
  [['rotate', 'no-such'], 3, 'CLI_NOT_FOUND', /^there is no API key with the id "no-such"/],
  [['revoke', 'no-such', '--yes'], 3, 'CLI_NOT_FOUND', /^there is no API key with the id "no-such"/],
  [['usage', 'no-such'], 3, 'CLI_NOT_FOUND', /^there is no API key with the id "no-such"/],
  [['revoke', '--owner', 'u9', '--yes'], 3, 'CLI_NOT_FOUND', /^"u9" owns no API keys$/],

  // Nobody to ask.
  [['revoke', 'busy'], 4, 'CLI_NOT_CONFIRMED', /^The key "busy" \(busy, of u1\) was last used at .+Z\. Revoke it\? There is no terminal to ask on: give --yes to do it$/],
  [['revoke', '--owner', 'u1'], 4, 'CLI_NOT_CONFIRMED', /^u1 has 3 keys: "busy", last used .+; .+\. Revoke all\? There is no terminal to ask on: give --yes/],
  [['purge', '--older-than', 'P1Y'], 4, 'CLI_NOT_CONFIRMED', /^The records of all keys that ended before .+Z will be gone\. Remove them\? There is no terminal/],
  [['purge', '--older-than', 'P1Y'], 4, 'CLI_NOT_CONFIRMED', /There is no terminal/, { input: 'yes\n' }],

  // What is to be imported. What is wrong is never shown: it may be a key.
  [['import', 'no-such.json'], 2, 'CLI_WRONG', /^no-such\.json cannot be read: ENOENT/],
  [['import', '-'], 2, 'CLI_WRONG', /^line 2 of - is no JSON; the file must be a JSON list, or have one JSON object on each line$/, { input: '{}\nacme_secret\n' }],
  [['import', '-'], 2, 'CLI_WRONG', /^- begins as a JSON list and is none: is it cut off\?$/, { input: '[{"digest":"acme_secret"' }],
  [['import', '-'], 2, 'FST_API_KEY_INVALID_INPUT', /^keys\[0\]\.digest must be a SHA-256 digest .*; keys\[1\] must be an object/, { input: '[{ "digest": "acme_secret", "name": "a" }, "acme_secret"]' }],
  [['import', '-', '--dry-run'], 2, 'FST_API_KEY_INVALID_INPUT', /^keys\[0\]\.name must be a string/, { input: JSON.stringify({ digest: 'a'.repeat(64) }) }],
  [['import', '-'], 2, 'FST_API_KEY_INVALID_INPUT', /^keys\[0\].*unknown scope "nope"/, { input: JSON.stringify([{ digest: 'a'.repeat(64), name: 'a', scopes: ['nope'] }, { digest: 'b'.repeat(64), name: 'b' }]) }],

  // The store.
  [['list', '--store', 'keys.db'], 2, 'CLI_WRONG', /^--store needs to be told what kind of store it is: sqlite:keys\.db$/],
  [['list', '--store', ''], 2, 'CLI_WRONG', /^--store needs to be told what kind of store it is: sqlite:keys\.db$/],
  [['list', '--store', 'sqlite:'], 2, 'CLI_WRONG', /^--store needs the path of a file after sqlite:/],
  [['list', '--store', 'sqlite://keys.db'], 2, 'CLI_WRONG', /^--store needs the path of a file after sqlite:/],
  [['list', '--store', 'sqllite:keys.db'], 2, 'CLI_WRONG', /^--store does not know "sqllite:" \(did you mean "sqlite"\?\); there is sqlite:, postgres:, postgresql:, redis:, rediss:, valkey:, valkeys:$/],
  [['list', '--store', 'constructor:x'], 2, 'CLI_WRONG', /^--store does not know "constructor:"; there is sqlite:, /],
  [['list', '--store', 'postgres:keys'], 2, 'CLI_WRONG', /^--store needs a URL such as postgres:\/\/user@host:5432\/database$/],
  [['list', '--store', 'postgres://user:12/secret@host/keys'], 2, 'CLI_WRONG', /^--store needs a URL such as postgres:.*; in a user or a password, all but .* must be percent-encoded$/],
  [['list', '--store', 'postgres://user:12#secret@host/keys'], 2, 'CLI_WRONG', /^--store needs a URL such as postgres:.*; in a user or a password, all but .* must be percent-encoded$/],
  [['list', '--store', 'postgres://user:12?secret@host/keys'], 2, 'CLI_WRONG', /^--store needs a URL such as postgres:.*; in a user or a password, all but .* must be percent-encoded$/],
  [['list', '--store', 'redis://:12#secret@host'], 2, 'CLI_WRONG', /^--store needs a URL such as redis:.*; in a user or a password, all but .* must be percent-encoded$/],
  [['list', '--store', 'redis://host/keys'], 2, 'CLI_WRONG', /^--store: redisStore needs .* a URL such as redis:/],
  [['list', '--store', 'sqlite:no-such.db'], 1, 'CLI_FAILED', /^there is no store at no-such\.db; check the path/],
  [['list', '--store', 'sqlite::memory:'], 2, 'CLI_WRONG', /^the store is in the memory of the app/],
  [['list', '--store', `sqlite:${import.meta.dirname}`], 1, 'FST_API_KEY_STORE_OPEN', /^Cannot open the API key store at .+: this is a directory/]
]

for (const [how, run] of RUNNERS) {
  t.test(how, { jobs: 2 }, async t => {
    const app = project(t)
    await app.insert(
      aKey({ id: 'k' }), aKey({ id: 'rotated' }), aKey({ id: 'successor', rotatedFrom: 'rotated', ownerId: null }), aKey({ id: 'over', revokedAt: new Date() }),
      aKey({ id: 'busy', name: 'busy', lastUsedAt: new Date() })
    )
    const before = await app.stored()
    // A process takes long to start: the built program is tried on the first with each exit code, and on the last.
    for (const [args, exit, code, message, more] of BAD.filter(([, exit], i) => run !== asProcess || i === BAD.length - 1 || i === BAD.findIndex(other => other[1] === exit))) {
      t.test(args.join(' ') || 'nothing', async t => {
        const { code: exited, stdout, stderr } = await run([...app.config, '--json', ...args], more)
        t.equal(exited, exit)
        t.equal(stdout, '')
        const { error } = JSON.parse(stderr)
        t.equal(error.code, code)
        t.match(error.message, message)
        t.notMatch(stderr, 'secret')
      })
    }
    t.test('nothing has changed', async t => { t.same(await app.stored(), before) })
  })
}

t.test('for people it is one line', async t => {
  const app = project(t)
  t.same(await inProcess([...app.config, 'create', '--name', 'a', '--owner', '\u001b]0;x\u0007']), {
    code: 2,
    stdout: '',
    stderr: 'error: ownerId must be a string of 1 to 255 characters, not "\\u001b]0;x\\u0007"\n'
  })
  t.equal((await inProcess([...app.config, 'show', 'a\nb\u009b31m'])).stderr, 'error: there is no API key with the id "a\\nb\\u{9b}31m"; api-key-scopes list shows the ids\n')
})

t.test('with --debug it says where it comes from', async t => {
  const app = project(t)
  await app.insert()
  const { stderr } = await inProcess([...app.config, 'show', 'x', '--debug'])
  t.match(stderr, /^error: there is no API key .*\nCliError: there is no API key .*\n {4}at /)
})

t.test('what --json and --debug are not: the value of an argument', async t => {
  const app = project(t)
  await app.insert()
  t.match((await inProcess([...app.config, 'show', '--', '--json'])).stderr, /^error: there is no API key with the id "--json"/)
})

t.test('commands that make keys or judge grants say that they need a config, and show one', async t => {
  const app = project(t)
  for (const args of [['create', '--name', 'a'], ['rotate', 'k'], ['usage'], ['import', '-']]) {
    const { code, stdout, stderr } = await inProcess(['--store', `sqlite:${app.db}`, ...args])
    t.equal(code, 2)
    t.equal(stdout, '')
    t.match(stderr, new RegExp(`^error: ${args[0]} needs to know the scopes and the key prefix of the app: name a config file with --config, or write an api-key-scopes.config.js or .ts, such as this\nimport .*\nimport .*\nexport default .*\n$`))
  }
  t.match((await inProcess(['list'])).stderr, /^error: which store\? Give --store, such as sqlite:keys\.db or postgres:\/\/user@host\/database, or name a config file with --config, or write /)
  t.match(JSON.parse((await inProcess(['list', '--json'])).stderr), { error: { code: 'CLI_WRONG', message: /such as this$/ } })
})

t.test('a config that is wrong is told by its name', async t => {
  const table: Array<[options: string, args: string[], message: RegExp]> = [
    ['{ scopes, store: sqliteStore(db), keyPrefx: \'acme\' }', ['list'], /unknown option "keyPrefx" \(did you mean "keyPrefix"\?\)$/],
    ['{ store: sqliteStore(db) }', ['create', '--name', 'a'], /scopes must be a catalog made by defineScopes, not undefined; keyPrefix must be /],
    ['{ scopes, keyPrefix: \'acme\' }', ['list'], /store must be a key store/],
    [`{ ...${OPTIONS}, pepper: undefined }`, ['create', '--name', 'a'], /pepper is undefined: is an environment variable not set\?/],
    ['{ store: memoryStore() }', ['list'], /^the store is in the memory of the app/],
    ['[]', ['list'], /must export the options of the plugin, export default \{ scopes, store, keyPrefix \}, not \[\]$/],
    ['undefined', ['list'], /must export the options of the plugin/],
    ['null', ['list'], /must export the options of the plugin/],
    ['(() => { throw new Error(\'no DATABASE_URL\') })()', ['list'], /cannot be loaded: no DATABASE_URL$/],
    ['scopes.nope.nope', ['list'], /cannot be loaded: Cannot read properties of undefined/]
  ]
  for (const [options, args, message] of table) {
    const app = project(t, { options })
    const { code, stdout, stderr } = await inProcess([...app.config, '--json', ...args])
    t.equal(code, 2, options)
    t.equal(stdout, '')
    t.match(JSON.parse(stderr).error, { code: 'CLI_WRONG', message }, options)
  }
  const app = project(t)
  writeFileSync(join(app.dir, 'config.json'), '{}')
  t.match((await inProcess(['list', '--config', join(app.dir, 'config.json')])).stderr, /^error: the config file .+ must be TypeScript or JavaScript, \.ts, \.mts/)
  t.match((await inProcess(['list', '--config', 'no/such.js'])).stderr, /^error: there is no config file no\/such\.js\n$/)
})

t.test('what only requests need, and peppers where no key is made, are passed over', async t => {
  const options = `{ ...${OPTIONS}, authenticateUser: 1, annotate: 2, notFound: { userOnly: true } }`
  t.equal((await inProcess([...project(t, { options }).config, 'create', '--name', 'a'])).code, 0)
  const unpeppered = project(t, { options: `{ ...${OPTIONS}, pepper: undefined }` })
  await unpeppered.insert({ id: 'k' })
  t.equal((await inProcess([...unpeppered.config, 'revoke', 'k'])).code, 0)
})

t.test('a store that is not there is not made by looking for it', async t => {
  const app = project(t)
  for (const args of [['list'], ['show', 'k'], ['rotate', 'k'], ['revoke', 'k'], ['usage'], ['purge', '--older-than', 'P1Y', '--yes']]) {
    t.match(await inProcess([...app.config, ...args]), { code: 1, stderr: /^error: there is no store at .*keys\.db/ }, args[0]!)
  }
  t.equal((await inProcess(['create', '--name', 'a', '--store', `sqlite:${app.db}`])).code, 2, 'nor without a config')
  t.equal((await inProcess([...app.config, 'create', '--name', 'a'])).code, 0)
})

t.test('a password in the URL of a store stands in nothing that is said, whatever goes wrong with it', async t => {
  const { config } = project(t)
  const urls = ['s3cret', 's3cret%40home', 'p@s3cret', 's3cret:more', '%zz-s3cret', 's3cret/and#more'].map(password => `mysql://user:${password}@127.0.0.1:1/keys`)
  const says = async (run: Run, args: readonly string[]) => {
    const { code, stdout, stderr } = await run([...config, ...args])
    t.not(code, 0)
    t.notMatch(stdout + stderr, 's3cret', args.join(' '))
  }
  for (const url of urls) {
    for (const args of [['list', '--store', url], ['list', `--store=${url}`], ['list', `--stor=${url}`], [url, 'list'], ['show', url], ['list', url], ['list', '--config', url], ['list', '--store', url.slice('mysql:'.length)]]) {
      for (const more of [[], ['--json', '--debug']]) await says(inProcess, [...args, ...more])
    }
  }
  await says(asProcess, ['list', '--store', urls[0]!, '--json', '--debug'])
})

t.test('what is hidden of a command line', async t => {
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
