import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { buildApp } from './app.js'

/** The app for the command line tool `api-key-scopes`, which asks who may call what; nobody has a session there. */
export default async () => await buildApp({ store: sqliteStore('inspecto.db'), authenticateUser: () => null })
