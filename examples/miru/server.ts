import { serve } from '../serve.js'
import { buildApp } from './app.js'
import { walkthrough } from './walkthrough.js'

await serve({ name: 'Miru', db: 'miru.db', buildApp, walkthrough })
