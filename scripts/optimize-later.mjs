// Most test files are over before optimizing what they run pays for itself: V8 does that in other threads, and it takes up to
// a quarter of the processor's time. With this it waits until a function has run much longer; V8's own default is 67,584.
import { setFlagsFromString } from 'node:v8'

// Later versions of Node do not have it.
if (Number(process.versions.node.split('.')[0]) < 22) {
  setFlagsFromString('--interrupt-budget=1000000')
  // What runs longer than most gains by it.
  setTimeout(() => { setFlagsFromString('--interrupt-budget=300000') }, 2000).unref()
}
