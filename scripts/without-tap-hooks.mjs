// tap loads two hooks of modules into every test, for `t.mockImport` and for `tap --changed`, which both ask the main thread
// about every module that is imported: a seventh of what it takes to start a test. We use neither, so they are left out.
// Has to be there before tap's, so it comes by way of NODE_OPTIONS (see .taprc), but is not for the children of a test.
import module, { syncBuiltinESMExports } from 'node:module'

const { register } = module
module.register = (specifier, ...rest) => {
  if (!String(specifier).includes('/node_modules/@tapjs/')) register(specifier, ...rest)
}
syncBuiltinESMExports()
delete process.env.NODE_OPTIONS
