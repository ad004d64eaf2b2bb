/** Prints the result of a store as tables. */
export function show ({ store, keys, machine, load, bytes, lookups, lists, inserts, feed, rotate, usage, ends }) {
  console.log(`${store}, ${keys} keys; ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node}`)
  console.log(`loaded in ${load.seconds} s, ${load.perSecond} keys a second; imported through the plugin: ${inserts.import.perSecond} keys a second`)
  console.table(Object.fromEntries(Object.entries(bytes).map(([name, size]) => [name, { MiB: Math.round(size / 2 ** 20), 'bytes a key': Math.round(size / keys) }])))

  const { purge, revokeOwner, ...besidePurge } = ends
  console.log('in milliseconds')
  console.table(columns(['count', 'p50', 'p99', 'max', 'perSecond', 'error'], {
    ...prefixed('lookup, ', lookups), ...prefixed('list, ', lists), insert: inserts.insert, ...feed, rotate, ...besidePurge
  }))
  console.log('use of keys, in milliseconds')
  console.table(columns(['count', 'p50', 'p99', 'max', 'keysPerSecond', 'rowsPerSecond', 'eventLoopHeldUpMs', 'failed'], usage))
  console.table({ purge, revokeOwner })
}

function prefixed (prefix, rows) {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [prefix + name, row]))
}

/** These ones, as far as any row has them. */
function columns (names, rows) {
  const some = names.filter((name) => Object.values(rows).some((row) => row[name] !== undefined))
  return Object.fromEntries(Object.entries(rows).map(([title, row]) => [title, Object.fromEntries(some.map((name) => [name, row[name] ?? '']))]))
}
