import type { Settings } from '../http/settings.js'
import { Auditor, type AuditSink } from '../keys/audit.js'
import { messageOf } from './errors.js'

/** The audit of a program that ends: it waits until the sink of the config has taken, or failed to take, every event. */
export class Audit {
  readonly auditor: Auditor
  /** What the sink did not take, one line each. */
  readonly lost: string[] = []
  readonly #pending: Array<Promise<void>> = []

  constructor ({ audit }: Settings) {
    const { sink } = audit
    const waitingFor: AuditSink | undefined = sink && (event => {
      const taken = (async () => { await sink(event) })()
      this.#pending.push(taken)
      return taken
    })
    this.auditor = new Auditor({ ...audit, sink: waitingFor }, {
      said () {},
      lost: (error, { action }) => { this.lost.push(`the audit sink did not take the event of this ${action}: ${messageOf(error)}`) }
    })
  }

  async finished (): Promise<void> {
    await Promise.allSettled(this.#pending)
  }
}

/** Of what is only rehearsed, nobody is told. */
export const SILENT = new Auditor({ sink: undefined, required: false, decisions: 'denied' }, { said () {}, lost () {} })
