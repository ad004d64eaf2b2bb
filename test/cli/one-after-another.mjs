// Does with the built program what several command lines say, and prints what came of each.
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { main } from '../../dist/esm/cli/main.js'

const ran = []
for (const args of JSON.parse(process.argv[2])) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const written = Promise.all([text(stdout), text(stderr)])
  const code = await main(args, { stdin: new PassThrough().end(), stdout, stderr, interrupted: new AbortController().signal })
  stdout.end()
  stderr.end()
  const [out, err] = await written
  ran.push({ code, stdout: out, stderr: err })
}
console.log(JSON.stringify(ran))
