// tap follows every promise and callback of a test with async_hooks, only to tell which subtest an error that
// nobody caught belongs to. That makes whatever is asynchronous take up to twice as long, so it is left out here.
// An error that nobody catches fails its test file all the same.
import hooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

const none = { enable: () => none, disable: () => none }
hooks.createHook = () => none
syncBuiltinESMExports()
