import type { IssuedKey } from '../../keys/life/secret.js'
import { CliError, messageOf } from '../errors.js'
import type { Output } from '../output.js'

/** Writes a new key alone on standard output, to be piped to where it shall be kept. */
export async function handOver (issued: IssuedKey, output: Output): Promise<void> {
  const { key, record } = issued
  try {
    await output.result({ key, record }, () => `${key}\n`)
  } catch (error) {
    throw new CliError('CLI_FAILED', `the key ${record.id} was made, but it could not be written (${messageOf(error)}), so that nobody has it; this makes another in its place: api-key-scopes rotate ${record.id} --grace PT0S`)
  }
}
