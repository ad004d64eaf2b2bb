import type { FastifyInstance, FastifyRequest } from 'fastify'
import { httpError, type Data, type Deployment } from '../data.js'
import { ids, object, operation, text, type Id } from './operation.js'

type NewDeployment = Omit<Deployment, 'status'> & { target_status?: 'staged' | 'deployed' }

/** Configs on their way to devices. Each step has a scope of its own, also when several are taken at once. */
export async function deploymentRoutes (app: FastifyInstance, { data }: { data: Data }): Promise<void> {
  const { configInstances, deployments, devices, releases } = data
  const read = { scopes: 'deployments:read' } as const

  app.get('/deployments', operation('listDeployments', read), async () => deployments.list())

  app.get<Id>('/deployments/:id', operation('getDeployment', read), async ({ params }) => deployments.get(params.id))

  app.get<Id>('/deployments/:id/drifts', operation('getDeploymentDrifts', read), async ({ params }) => {
    const staged = deployments.get(params.id)
    return deployments.list(({ id, device_id: device, status }) => id !== staged.id && device === staged.device_id && status === 'queued')
  })

  const create = operation('createDeployment', {
    scopes: 'deployments:write',
    scopesWhen: [
      { when: isFor('staged'), scopes: 'deployments:stage', description: 'Required if staging a deployment.' },
      { when: isFor('deployed'), scopes: 'deployments:deploy', description: 'Required if deploying a deployment.' }
    ]
  }, object({
    description: text,
    device_id: text,
    release_id: text,
    config_instance_ids: ids
  }, {
    target_status: { enum: ['staged', 'deployed'] }
  }))
  app.post<{ Body: NewDeployment }>('/deployments', create, async ({ body: { target_status: target, ...fields } }) => {
    devices.get(fields.device_id)
    releases.get(fields.release_id)
    for (const id of fields.config_instance_ids) configInstances.get(id)
    return deployments.add({ ...fields, status: target === undefined ? 'created' : STATUS_FOR[target] })
  })

  app.post<Id>('/deployments/:id/stage', operation('stageDeployment', { scopes: 'deployments:stage' }), async ({ params }) => {
    return move(params.id, ['created', 'drifted'], 'staged')
  })

  app.post<Id>('/deployments/:id/deploy', operation('deployDeployment', { scopes: 'deployments:deploy' }), async ({ params }) => {
    return move(params.id, ['staged'], 'queued')
  })

  app.post<Id>('/deployments/:id/archive', operation('archiveDeployment', { scopes: 'deployments:archive' }), async ({ params }) => {
    return move(params.id, ['created', 'staged', 'drifted'], 'archived')
  })

  function move (id: string, from: ReadonlyArray<Deployment['status']>, to: Deployment['status']) {
    const { status } = deployments.get(id)
    if (!from.includes(status)) throw httpError(409, `The deployment ${id} is ${status}, not ${from.join(' or ')}`)
    return deployments.update(id, { status: to })
  }
}

/** What is deployed is queued first: there is no real device that would fetch it. */
const STATUS_FOR = { staged: 'staged', deployed: 'queued' } as const

function isFor (target: 'staged' | 'deployed') {
  return ({ body }: FastifyRequest) => (body as NewDeployment).target_status === target
}
