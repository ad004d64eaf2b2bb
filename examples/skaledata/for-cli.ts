import config from './api-key-scopes.config.js'
import { buildApp } from './app.js'

/** The app for the command line tool `api-key-scopes`, which asks who may call what; nobody signs session tokens there. */
export default async () => await buildApp({ store: config.store, issuer: 'http://127.0.0.1:3001' })
