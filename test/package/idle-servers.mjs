// Preloaded into the programs of the documentation: their servers listen on any free port, and do not keep
// the process alive. A program that has done its work ends, though it called listen().
import { Server } from 'node:net'

const listen = Server.prototype.listen
Server.prototype.listen = function (options, ...rest) {
  const anyPort = options !== null && typeof options === 'object' ? { ...options, port: 0 } : 0
  return listen.call(this, anyPort, ...rest).unref()
}
