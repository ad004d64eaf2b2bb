import { serve } from '../serve.js'
import { buildApp } from './app.js'
import { walkthrough } from './walkthrough.js'

await serve({ name: 'Inspecto', db: 'inspecto.db', buildApp, walkthrough })
