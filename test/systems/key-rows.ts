/** The routes of `fastify-api-key-scopes/routes`, as rows of a page: all of them for users, but for the two that tell a key of itself and of the scopes. */
import type { Row } from './conformance.expectation.js'

/** `create` and `update` are bodies that the example takes. */
export function keyRows ({ path = '/api-keys', create, update }: { readonly path?: string, readonly create: object, readonly update: object }): readonly Row[] {
  const forUsers = (method: string, url: string, succeeds: number, body?: object): Row => {
    return { route: `${method} ${path}${url}`, request: `${method} ${path}${url.replace(':id', '<key>')}`, needs: 'user', succeeds, ...body && { body } }
  }
  return [
    forUsers('GET', '', 200),
    forUsers('GET', '/:id', 200),
    forUsers('PATCH', '/:id', 200, update),
    forUsers('GET', '/:id/usage', 200),
    forUsers('POST', '/:id/rotate', 201),
    forUsers('DELETE', '/:id', 204),
    forUsers('POST', '', 201, create),
    { route: `GET ${path}/current`, needs: [[]], succeeds: 200 },
    { route: `GET ${path}/scopes`, needs: [[]], succeeds: 200 }
  ]
}
