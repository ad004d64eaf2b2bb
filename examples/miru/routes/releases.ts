import type { FastifyInstance } from 'fastify'
import type { Data, GitCommit, Release } from '../data.js'
import { ids, object, operation, text, type Id } from './operation.js'

/** Which schemas belong together, and the commits that they were written in. */
export async function releaseRoutes (app: FastifyInstance, { data: { configSchemas, gitCommits, releases } }: { data: Data }): Promise<void> {
  const readReleases = { scopes: 'releases:read' } as const
  const writeReleases = { scopes: 'releases:write' } as const

  app.get('/releases', operation('listReleases', readReleases), async () => releases.list())

  app.get<Id>('/releases/:id', operation('getRelease', readReleases), async ({ params }) => releases.get(params.id))

  app.post<{ Body: Release }>('/releases', operation('createRelease', writeReleases, object({
    version: text,
    config_schema_ids: ids
  })), async ({ body }) => {
    for (const id of body.config_schema_ids) configSchemas.get(id)
    return releases.add(body)
  })

  app.patch<Id & { Body: { version: string } }>('/releases/:id', operation('updateRelease', writeReleases, object({
    version: text
  })), async ({ params, body }) => releases.update(params.id, body))

  const readCommits = { scopes: 'git_commits:read' } as const
  const writeCommits = { scopes: 'git_commits:write' } as const

  app.get('/git_commits', operation('listGitCommits', readCommits), async () => gitCommits.list())

  app.get<Id>('/git_commits/:id', operation('getGitCommit', readCommits), async ({ params }) => gitCommits.get(params.id))

  app.post<{ Body: GitCommit }>('/git_commits', operation('createGitCommit', writeCommits, object({
    sha: text,
    message: text,
    origin: text
  })), async ({ body }) => gitCommits.add(body))
}
