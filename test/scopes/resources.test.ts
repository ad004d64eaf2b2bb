import t from 'tap'
import { defineScopes, type CatalogOptions, type ScopeEntry } from '../../lib/scopes/catalog.js'
import { faultsOf } from './faults-of.js'

type Entries = Record<string, string | ScopeEntry>

t.test('scopes stand under headings, in the order in which these were declared', async (t) => {
  const { resources } = defineScopes({
    'audit-logs:list': '',
    'hosts:read': '',
    'roles:read': '',
    'hosts:debug': { status: 'planned', hidden: true },
    full: { includes: '*' },
    'tags:read': ''
  }, {
    resources: {
      hosts: { heading: 'Hosts', description: 'Scopes for managing hosts.' },
      'audit-logs': 'Audit logs',
      tags: {}
    }
  })
  t.strictSame(resources, [
    { name: 'hosts', heading: 'Hosts', description: 'Scopes for managing hosts.', scopes: ['hosts:read', 'hosts:debug'] },
    { name: 'audit-logs', heading: 'Audit logs', description: '', scopes: ['audit-logs:list'] },
    { name: 'tags', heading: 'tags', description: '', scopes: ['tags:read'] },
    { name: 'roles', heading: 'roles', description: '', scopes: ['roles:read'] },
    { name: '', heading: '', description: '', scopes: ['full'] }
  ])
  t.ok([resources, ...resources, ...resources.map(({ scopes }) => scopes)].every(Object.isFrozen))
})

t.test('names without segments are grouped by naming them, the first heading that names one wins', async (t) => {
  const names = ['identify', 'messages.read', 'rpc', 'rpc.voice.read', 'https://www.googleapis.com/auth/drive', 'rpc:x', '__proto__', 'constructor:a']
  const { resources } = defineScopes(Object.fromEntries(names.map(name => [name, ''])), {
    resources: {
      RPC: { scopes: ['rpc', 'rpc.voice.read'] },
      drive: { heading: 'Drive', scopes: 'https://www.googleapis.com/auth/drive' },
      rest: { scopes: ['rpc:*', '*', 'identify'] },
    }
  })
  t.strictSame(resources.map(({ heading, scopes }) => [heading, scopes]), [
    ['RPC', ['rpc', 'rpc.voice.read']],
    ['Drive', ['https://www.googleapis.com/auth/drive']],
    ['rest', ['identify', 'messages.read', 'rpc:x', '__proto__', 'constructor:a']]
  ])
})

t.test('a heading takes what is named beside what begins with its name, and one may be for the rest', async (t) => {
  const { resources } = defineScopes({ 'hosts:read': '', 'machines:read': '', full: '', 'x:y': '' }, { resources: { hosts: { scopes: 'machines:*' }, '': 'Others' } })
  t.strictSame(resources.map(({ heading, scopes }) => [heading, scopes]), [['hosts', ['hosts:read', 'machines:read']], ['Others', ['full']], ['x', ['x:y']]])
})

t.test('without headings, by the first segment', async (t) => {
  const { resources } = defineScopes({ 'b:read': '', 'a:read': '', 'b:x:read': '' })
  t.strictSame(resources.map(({ name, heading, scopes }) => [name, heading, scopes]), [['b', 'b', ['b:read', 'b:x:read']], ['a', 'a', ['a:read']]])
})

const bad: ReadonlyArray<{ resources: unknown, told: string }> = [
  { resources: [], told: 'resources must be an object { name: \'Heading\', ... }, not []' },
  { resources: null, told: 'resources must be an object { name: \'Heading\', ... }, not null' },
  { resources: { hosts: 7 }, told: 'resource "hosts" must be a heading, or { heading, description, scopes }, not 7' },
  { resources: { hosts: { title: 'Hosts' } }, told: 'resource "hosts": unknown member "title"; a resource has heading, description, scopes' },
  { resources: { hosts: { headings: 'Hosts' } }, told: 'resource "hosts": unknown member "headings" (did you mean "heading"?); a resource has heading, description, scopes' },
  { resources: { hosts: { heading: null } }, told: 'resource "hosts": heading must be a string, not null' },
  { resources: { hosts: { description: ['x'] } }, told: 'resource "hosts": description must be a string, not ["x"]' },
  { resources: { hosts: { scopes: 7 } }, told: 'resource "hosts": scopes must be a scope name, a pattern or a list of them, not 7' },
  { resources: { hosts: { scopes: ['hosts:raed'] } }, told: 'resource "hosts": the catalog has no scope "hosts:raed" (did you mean "hosts:read"?)' },
  { resources: { hosts: { scopes: 'x:*' } }, told: 'resource "hosts": the catalog has no scope "x:*"' },
  { resources: { host: 'Hosts' }, told: 'resource "host" has no scopes (did you mean "hosts"?); leave it out, or name its scopes' },
  { resources: { one: { scopes: 'hosts:read' }, two: { scopes: ['hosts:read', 'hosts:*', 'full'] } }, told: 'resource "two": "hosts:read" is under "one" already' },
  { resources: { first: { scopes: 'hosts:*' }, hosts: 'Hosts' }, told: 'resource "hosts" has no scopes: they are all under others; leave it out, or name its scopes' }
]

t.test('headings that cannot be meant are faults', async (t) => {
  const entries: Entries = { 'hosts:read': '', full: '' }
  for (const { resources, told } of bad) {
    t.strictSame(faultsOf(() => defineScopes(entries, { resources } as CatalogOptions)), [told], told)
  }
})
