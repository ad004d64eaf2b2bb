/** Small tables, invented in the styles that are found in the field. */
import type { Table } from './tables.js'

const calendar = 'https://www.googleapis.com/auth/calendar'
const drive = 'https://www.googleapis.com/auth/drive'

export const SAMPLES: readonly Table[] = [
  {
    name: 'URLs, one the beginning of another, with verbs after a colon',
    operations: [
      { method: 'GET', path: '/calendars/{calendarId}', anyOfAllOf: [[calendar], [`${calendar}.readonly`]] },
      { method: 'PATCH', path: '/calendars/{calendarId}', anyOfAllOf: [[calendar]] },
      { method: 'POST', path: '/calendars/{calendarId}:clear', anyOfAllOf: [[calendar]] },
      { method: 'POST', path: '/calendars/{calendarId}', anyOfAllOf: [[`${calendar}.events`]] },
      { method: 'POST', path: '/files:generateIds', anyOfAllOf: [[drive], [`${drive}.file`]] },
      { method: 'GET', path: '/files/{fileId}/content', anyOfAllOf: [[drive], [`${drive}.readonly`], [`${drive}.metadata`, `${drive}.file`]] }
    ],
    includes: scope => scope === drive ? [`${drive}.file`, `${drive}.readonly`] : [],
    opens: scope => scope === drive ? [`${drive}.file`, `${drive}.readonly`] : []
  },
  {
    name: 'bare words and dots, @me beside an id',
    operations: [
      { method: 'GET', path: '/users/@me', anyOfAllOf: [['identify']] },
      { method: 'GET', path: '/users/{user_id}', anyOfAllOf: [] },
      { method: 'GET', path: '/users/@me/guilds', anyOfAllOf: [['guilds'], ['guilds.members.read', 'identify']] },
      { method: 'PUT', path: '/guilds/{guild_id}/members/@me', anyOfAllOf: [['guilds.join']], userOnly: true },
      { method: 'GET', path: '/guilds/{guild_id}/widget.png', anyOfAllOf: [], public: true },
      { method: 'GET', path: '/guilds/{guild_id}/{name}.json', anyOfAllOf: [['guild']] }
    ]
  },
  {
    name: 'three segments, hyphens and underscores',
    operations: [
      { method: 'GET', path: '/spaces', anyOfAllOf: [['spaces:read']] },
      { method: 'GET', path: '/spaces/keys', anyOfAllOf: [['spaces_key:read']] },
      { method: 'POST', path: '/spaces/keys', anyOfAllOf: [['spaces_key:create', 'spaces_key:create_credentials']] },
      { method: 'GET', path: '/spaces/{id}/config', anyOfAllOf: [['spaces:config:read']] },
      { method: 'PUT', path: '/spaces/{id}/config', anyOfAllOf: [['spaces:config:write', 'audit-logs:write'], ['spaces:config:force']] },
      { method: 'GET', path: '/audit-logs', anyOfAllOf: [['audit-logs:list']] },
      { method: 'GET', path: '/audit_logs', anyOfAllOf: [['audit_logs:list']] }
    ],
    more: ['spaces:manage', 'spaces:config:manage'],
    includes: scope => scope.endsWith(':manage') ? `${scope.slice(0, -':manage'.length)}:*` : [],
    opens: scope => ({
      'spaces:manage': ['spaces:read', 'spaces:config:read', 'spaces:config:write', 'spaces:config:force', 'spaces:config:manage'],
      'spaces:config:manage': ['spaces:config:read', 'spaces:config:write', 'spaces:config:force']
    })[scope] ?? []
  },
  {
    name: 'names that every object has',
    operations: [
      { method: 'GET', path: '/proto', anyOfAllOf: [['__proto__']] },
      { method: 'GET', path: '/constructor', anyOfAllOf: [['constructor']] },
      { method: 'POST', path: '/both', anyOfAllOf: [['__proto__', 'constructor']] },
      { method: 'DELETE', path: '/either', anyOfAllOf: [['toString'], ['hasOwnProperty']] },
      { method: 'GET', path: '/{__proto__}/any', anyOfAllOf: [[]] }
    ]
  },
  {
    name: 'every character of RFC 6749',
    operations: [
      { method: 'GET', path: '/a', anyOfAllOf: [['!#$%&\'()+,-./']] },
      { method: 'GET', path: '/b', anyOfAllOf: [['0123456789:;<=>?@']] },
      { method: 'GET', path: '/c', anyOfAllOf: [['ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`']] },
      { method: 'GET', path: '/d', anyOfAllOf: [['abcdefghijklmnopqrstuvwxyz{|}~']] },
      { method: 'GET', path: '/e', anyOfAllOf: [['a*b', ','], [';', '**']] },
      { method: 'GET', path: '/f', anyOfAllOf: [['+', '%20']] }
    ]
  },
  {
    name: 'OR of ANDs',
    operations: [
      { method: 'GET', path: '/', anyOfAllOf: [['a', 'b'], ['c', 'd']] },
      { method: 'POST', path: '/', anyOfAllOf: [['a', 'b', 'c'], ['d']] },
      { method: 'PUT', path: '/', anyOfAllOf: [['a', 'b'], ['b', 'c'], ['c', 'a']] },
      { method: 'PATCH', path: '/', anyOfAllOf: [['a'], ['a', 'b']] },
      { method: 'DELETE', path: '/', anyOfAllOf: [['a', 'b', 'c', 'd']] },
      { method: 'GET', path: '/open', anyOfAllOf: [['a'], []] }
    ]
  },
  {
    name: 'read is part of write, and manage is all',
    operations: [
      { method: 'GET', path: '/jobs/{id}', anyOfAllOf: [['jobs:read']] },
      { method: 'PUT', path: '/jobs/{id}', anyOfAllOf: [['jobs:write']] },
      { method: 'POST', path: '/jobs', anyOfAllOf: [['jobs:write']], conditional: [{ scope: 'jobs:start' }, { scope: 'billing:write' }] },
      { method: 'DELETE', path: '/jobs/{id}', anyOfAllOf: [['jobs:manage']] },
      { method: 'GET', path: '/billing', anyOfAllOf: [['billing:read']] }
    ],
    includes: scope => ({ 'jobs:manage': 'jobs:*', 'jobs:write': 'jobs:read', 'billing:write': 'billing:read' })[scope] ?? [],
    opens: scope => ({ 'jobs:manage': ['jobs:read', 'jobs:write', 'jobs:start'], 'jobs:write': ['jobs:read'], 'billing:write': ['billing:read'] })[scope] ?? []
  }
]
