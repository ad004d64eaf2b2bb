// The process of one variant: serves it on a port of its own, and tells how much CPU it has used whenever it is asked.
import { makeOtherApp } from './before.mjs'

const { file, start, settings } = JSON.parse(process.argv[2])
await makeOtherApp(settings)
const variant = await import(`./variants/${file}`)
const { listen, credentials } = await variant[start](settings)
const port = await listen()

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpu: user + system })
})
process.on('disconnect', () => process.exit())
process.send({ port, credentials })
