// The process that fills a store with keys.
import { openStore, fillStore } from './variants/our-stores.mjs'

const { kind, ...settings } = JSON.parse(process.argv[2])
const keys = await fillStore(await openStore(kind, settings), ['apps:deploy'], settings)

process.on('disconnect', () => process.exit())
process.send({ keys })
