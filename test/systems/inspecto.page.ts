/** The page 'Scopes', typed out by hand, and what it means for each route of the example. */
import type { Denial, Row } from './conformance.js'
import { keyRows } from './key-rows.js'

/** 'Available Scopes' */
export const SCOPES: { readonly [scope: string]: string } = {
  'vehicles:read': 'Read vehicle data',
  'vehicles:write': 'Create and update vehicles',
  'inspections:read': 'Read inspection templates and results',
  'inspections:write': 'Submit new inspections'
}

/** 'Future Scopes' */
export const FUTURE: { readonly [scope: string]: { readonly status: string, readonly description: string } } = {
  'reports:read': { status: 'Planned', description: 'Access custom reports' },
  'webhooks:manage': { status: 'Planned', description: 'Configure webhooks' },
  'users:read': { status: 'Under Review', description: 'Read user data' },
  'analytics:read': { status: 'Under Review', description: 'Access analytics data' }
}

/** 'Scope Hierarchy' begins with "Some scopes imply others:", and has lost what followed. So nothing is implied. */
export function opens (scope: string): readonly string[] {
  return [scope]
}

const vehicle = { plateNumber: 'NEW-0001', type: 'TRAILER', brand: 'Schmitz', model: 'S.CS' }
const inspection = { templateId: 'pre-trip', vehicleIds: ['truck', 'trailer'], responses: [{ templateItemId: 'lights', responseText: 'Good' }], notes: 'All checks passed' }

export const ROWS: readonly Row[] = [
  // GET /vehicles, GET /vehicles/{id}
  { route: 'GET /vehicles', needs: [['vehicles:read']], succeeds: 200 },
  { route: 'GET /vehicles/:id', request: 'GET /vehicles/truck', needs: [['vehicles:read']], succeeds: 200 },
  // POST /vehicles, PUT /vehicles/{id}
  { route: 'POST /vehicles', body: vehicle, needs: [['vehicles:write']], succeeds: 201 },
  { route: 'PUT /vehicles/:id', request: 'PUT /vehicles/truck', body: vehicle, needs: [['vehicles:write']], succeeds: 200 },
  // GET /inspection-templates, GET /inspections
  { route: 'GET /inspection-templates', needs: [['inspections:read']], succeeds: 200 },
  { route: 'GET /inspections', needs: [['inspections:read']], succeeds: 200 },
  // POST /inspections
  { route: 'POST /inspections', body: inspection, needs: [['inspections:write']], succeeds: 201 },
  // "When requesting an API key from your administrator": for users.
  // "Scopes are set during API key creation and cannot be changed."
  ...keyRows({ create: { name: 'another', scopes: ['vehicles:read'] }, update: { name: 'renamed' } })
]

/** What shows whether anything in the example has changed. */
export const WATCH = ['/vehicles', '/inspections']

/** 'Scope Validation': the body of a 403. The rest is of the page 'Error Handling' of the same documentation, or chosen. */
export function denied ({ statusCode, code, message, requiredScopes, grantedScopes }: Denial): unknown {
  if (requiredScopes !== undefined) {
    return { errors: [{ code: 'FORBIDDEN', message: 'Insufficient permissions', details: { required: requiredScopes, available: grantedScopes } }] }
  }
  if (code === 'FST_API_KEY_REQUIRED' || code === 'FST_API_KEY_INVALID') {
    return { errors: [{ code: 'UNAUTHORIZED', message: 'Invalid or missing API key' }] }
  }
  return { errors: [{ code: statusCode === 401 ? 'UNAUTHORIZED' : 'FORBIDDEN', message }] }
}
