// What the operations of an OpenAPI document say of who may call them.
import t from 'tap'
import type { RouteAccess } from '../../lib/index.js'
import { operationOf, VERSIONS, when } from './openapi-set-up.js'

t.test('what a route says', async t => {
  const session = { userSession: [] }
  const plain = [{ apiKey: [] }, session]
  const forms: ReadonlyArray<[sentence: string, config: RouteAccess, line: string, required: unknown, security30: unknown, security31: unknown]> = [
    ['one scope', { scopes: 'a' }, 'Token scope required: `a`', ['a'], plain, [{ apiKey: ['a'] }, session]],
    ['several', { scopes: ['a', 'b'] }, 'Token scopes required: `a` + `b`', ['a', 'b'], plain, [{ apiKey: ['a', 'b'] }, session]],
    ['one of several', { scopes: { anyOf: ['a', ['b', 'c']] } }, 'Token scope required: one of `a`, `b` + `c`', { anyOf: ['a', ['b', 'c']] }, plain, [{ apiKey: ['a'] }, { apiKey: ['b', 'c'] }, session]],
    ['none', { scopes: [] }, 'Token required: any valid key', [], plain, plain],
    ['a deprecated one', { scopes: 'old' }, 'Token scope required: `a`', ['a'], plain, [{ apiKey: ['a'] }, session]],
    ['one with backticks', { scopes: 'tick`s``' }, 'Token scope required: ``` tick`s`` ```', ['tick`s``'], plain, [{ apiKey: ['tick`s``'] }, session]],
    ['conditions', { scopes: 'a', scopesWhen: [{ when, scopes: 'b', description: 'For drafts.' }, { when, scopes: { anyOf: ['b', 'c'] } }] },
      'Token scope required: `a`; sometimes `b` (For drafts.); sometimes one of `b`, `c`', ['a'], plain, [{ apiKey: ['a'] }, session]],
    ['conditions alone', { scopes: [], scopesWhen: [{ when, scopes: 'b' }] }, 'Token required: any valid key; sometimes `b`', [], plain, plain],
    ['users only', { userOnly: true }, 'User session required, API keys are not accepted', undefined, [session], [session]],
    ['public', { public: true }, 'No token required', undefined, [], []],
    ['one that is not enforced yet', { scopes: 'a', scopesMode: 'report' }, 'Token scope required: `a` (report mode: not enforced)', ['a'], plain, [{ apiKey: ['a'] }, session]],
    ['users only, not enforced yet', { userOnly: true, scopesMode: 'report' }, 'User session required, API keys are not accepted (report mode: not enforced)', undefined, [session], [session]]
  ]
  for (const [sentence, config, line, required, security30, security31] of forms) {
    await t.test(sentence, async t => {
      for (const [i, security] of [security30, security31].entries()) {
        const { operation } = await operationOf(t, config, { openapi: VERSIONS[i]! })
        t.same(operation.security, security)
        t.same(operation['x-required-scopes'], required)
        t.equal(operation.description, line)
      }
    })
  }

  await t.test('conditions are told as data', async t => {
    const { operation } = await operationOf(t, { scopes: 'a', scopesWhen: [{ when, scopes: 'b', description: 'For drafts.' }, { when, scopes: { anyOf: ['b', ['b', 'c']] } }] })
    t.same(operation['x-conditional-scopes'], [{ scopes: ['b'], description: 'For drafts.' }, { scopes: { anyOf: ['b', ['b', 'c']] }, description: '' }])
  })

  await t.test('its own description stays, before the line', async t => {
    for (const [description, expected] of [['What it does.', 'What it does.\n\nNo token required'], ['What it does.\n\n', 'What it does.\n\nNo token required'], ['So be it:\nNo token required', 'So be it:\nNo token required'], ['No token required, some say.', 'No token required, some say.\n\nNo token required']]) {
      const { operation } = await operationOf(t, { public: true }, { schema: { description: description! } })
      t.equal(operation.description, expected)
    }
  })
})
