import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { KeyStore } from '../../keys/store.js'
import { sampleKey, type StoreCase } from './store-case.js'

export const watchCases: StoreCase[] = [{
  name: 'who watches is told soon that something has changed',
  needs: ['insert', 'watch'],
  async check (store) {
    const watcher = counter()
    const end = await store.watch(watcher.hint)
    await hinted(store, watcher)
    await end()
  }
}, {
  name: 'who watches is told soon that something was changed through another store over the same data',
  needs: ['insert', 'watch', 'another'],
  async check (store, { another }) {
    const watcher = counter()
    const end = await store.watch(watcher.hint)
    await hinted(await another(), watcher)
    await end()
  }
}, {
  name: 'who has ended watching is told nothing any more, and others are still told',
  needs: ['insert', 'watch'],
  async check (store) {
    const [one, two] = [counter(), counter()]
    const ends = [await store.watch(one.hint), await store.watch(two.hint)] as const
    await hinted(store, one)
    await ends[0]()
    const before = one.count
    for (let i = 0; i < 3; i++) await hinted(store, two)
    assert.equal(one.count, before, 'a hint came after the end')
    await ends[0]()
    await hinted(store, two)
    await ends[1]()
  }
}, {
  name: 'several may watch with one function, and each ends its own watching',
  needs: ['insert', 'watch'],
  async check (store) {
    const watcher = counter()
    const ends = [await store.watch(watcher.hint), await store.watch(watcher.hint)] as const
    await ends[0]()
    await hinted(store, watcher)
    await ends[1]()
    const other = counter()
    const end = await store.watch(other.hint)
    const before = watcher.count
    for (let i = 0; i < 3; i++) await hinted(store, other)
    assert.equal(watcher.count, before, 'a hint came after both had ended')
    await end()
  }
}, {
  name: 'a store can be closed while it is watched, and is watched again once it is open',
  needs: ['insert', 'watch', 'reopen'],
  async check (store, { reopen }) {
    const end = await store.watch(() => {})
    const again = await reopen()
    const watcher = counter()
    const endAgain = await again.watch(watcher.hint)
    await end()
    await hinted(again, watcher)
    await endAgain()
  }
}]

function counter () {
  const counted = { count: 0, hint: () => { counted.count++ } }
  return counted
}

/** Changes something until a hint comes, for any may be lost. */
async function hinted (store: KeyStore, watcher: { count: number }): Promise<void> {
  const before = watcher.count
  for (let change = 0; change < 20; change++) {
    await store.insert!(sampleKey())
    for (let look = 0; look < 20 && watcher.count === before; look++) await wait(5)
    if (watcher.count > before) return
  }
  assert.fail('no hint came')
}
