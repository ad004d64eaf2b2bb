import { Collection } from '../collection.js'

export interface Cloud { id: string, provider: string, region: string }
export interface Cluster { id: string, cloudId: string, version: string }
export interface NodePool { id: string, clusterId: string, machine: string, nodes: number }
export interface Pod { id: string, clusterId: string, logs: string[] }
export interface Application { id: string, clusterId: string, image: string, restarts: number, dags: string[] }
export interface Job { id: string, what: string, status: 'running' | 'done' | 'cancelled' }

export type Data = ReturnType<typeof someData>

/** What SkaleData manages, in memory: a restart brings it all back. */
export function someData () {
  return {
    clouds: new Collection<Cloud>('Cloud', [
      { id: 'aws-main', provider: 'aws', region: 'eu-central-1' },
      { id: 'gcp-lab', provider: 'gcp', region: 'europe-west3' }
    ]),
    clusters: new Collection<Cluster>('Cluster', [
      { id: 'production', cloudId: 'aws-main', version: '1.31' },
      { id: 'staging', cloudId: 'aws-main', version: '1.32' }
    ]),
    nodePools: new Collection<NodePool>('Node pool', [
      { id: 'workers', clusterId: 'production', machine: 'm7g.large', nodes: 3 },
      { id: 'spot', clusterId: 'staging', machine: 'm7g.medium', nodes: 1 }
    ]),
    pods: new Collection<Pod>('Pod', [
      { id: 'airflow-scheduler-0', clusterId: 'production', logs: ['scheduler started', 'found 2 DAGs'] }
    ]),
    apps: new Collection<Application>('Application', [
      { id: 'airflow', clusterId: 'production', image: 'registry.example.com/airflow:1', restarts: 0, dags: ['daily', 'hourly'] },
      { id: 'sandbox', clusterId: 'staging', image: 'registry.example.com/airflow:2', restarts: 0, dags: [] }
    ]),
    jobs: new Collection<Job>('Job', [
      { id: 'job-1', what: 'upgrade production', status: 'done' },
      { id: 'job-2', what: 'back up production', status: 'running' }
    ]),
    github: { account: null as string | null },
    billing: { plan: 'team', card: '4242' }
  }
}
