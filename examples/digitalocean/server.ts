import { serve } from '../serve.js'
import { buildApp } from './app.js'
import { walkthrough } from './walkthrough.js'

await serve({ name: 'DigitalOcean', db: 'digitalocean.db', buildApp, walkthrough })
