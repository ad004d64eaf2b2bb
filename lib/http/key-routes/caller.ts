import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { RightsUnavailableError } from '../../keys/errors.js'
import type { CallOptions } from '../../keys/life/caller.js'
import type { Principal } from '../access.js'
import type { RouteAccess } from '../policy.js'
import { throttle } from '../throttle.js'
import { accessTo, type RoutesSettings } from './options.js'
import type { RouteName } from './schemas.js'

/** In whose name a request calls `app.apiKeys`: always as whom it is made. For an administrator, the keys of others exist too. */
export interface Call extends CallOptions { readonly as: Principal }

export function callsOf (settings: RoutesSettings, log: FastifyBaseLogger) {
  const { canManageAll } = settings
  // Whoever has a session may be able to make it fail, and must not be able to fill the log.
  const atTimes = throttle(1000)

  return async (route: RouteName, request: FastifyRequest): Promise<Call> => {
    const call: Call = { as: principalOf(request, accessTo(route, settings)), request }
    if (canManageAll === undefined || call.as.type !== 'user' || !KEYS_OF_OTHERS.has(route)) return call
    let answer: unknown
    try {
      answer = await canManageAll(call.as.user)
      if (typeof answer !== 'boolean') throw new TypeError('canManageAll must answer true or false')
    } catch (cause) {
      atTimes(leftOut => { log.error({ err: cause, failuresNotLogged: leftOut }, 'canManageAll failed') })
      throw new RightsUnavailableError({ cause })
    }
    return answer ? { ...call, all: true } : call
  }
}

/** Where they make a difference. A key is always made in the name of whoever makes it. */
const KEYS_OF_OTHERS: ReadonlySet<RouteName> = new Set<RouteName>(['list', 'get', 'update', 'rotate', 'revoke', 'usage'])

/** Where another plugin calls something `apiKeys`, nobody guards these routes. */
function principalOf ({ principal }: FastifyRequest, access: RouteAccess): Principal {
  if (principal?.type === 'user' || (principal?.type === 'apiKey' && !access.userOnly)) return principal
  throw new TypeError('a key-management route was reached without anybody who may call it')
}
