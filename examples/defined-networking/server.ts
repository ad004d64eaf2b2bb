import { serve } from '../serve.js'
import { buildApp } from './app.js'
import { walkthrough } from './walkthrough.js'

await serve({ name: 'Defined Networking', db: 'defined-networking.db', buildApp, walkthrough })
