import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as wait } from "node:timers/promises"

import { BandValues } from "./band_values.js"

const SOURCE = { url: "/values/token" }
const at = (x, y) => ({ x, y })

function asked() {
  const log = []
  const get = (url, { signal }) =>
    new Promise((resolve, reject) => {
      log.push({ url, resolve, reject, signal })
      signal.addEventListener("abort", () => reject(new Error("aborted")))
    })
  return { log, get }
}

test("asks once the pointer rests, and for that pixel alone", async () => {
  const { log, get } = asked()
  const values = new BandValues(() => null, get)
  for (let x = 0; x < 20; x++) assert.equal(values.at(SOURCE, at(x, 3)), undefined)
  await wait(120)
  assert.deepEqual(log.map(({ url }) => url), ["/values/token/19/3"])
})

test("an answer belongs to its pixel, also when it comes late", async () => {
  const { log, get } = asked()
  let changes = 0
  const values = new BandValues(() => changes++, get)
  values.at(SOURCE, at(1, 1))
  await wait(120)
  values.at(SOURCE, at(2, 2)) // the first is aborted
  assert.ok(log[0].signal.aborted)
  log[0].resolve({ values: ["wrong"], data: true })
  await wait(120)
  assert.equal(values.at(SOURCE, at(2, 2)), undefined)
  assert.equal(changes, 0)
  log[1].resolve({ values: ["7"], data: true })
  await wait(1)
  assert.deepEqual(values.at(SOURCE, at(2, 2)), { values: ["7"], data: true })
  assert.equal(changes, 1)
  assert.equal(values.at(SOURCE, at(1, 1)), undefined)
  assert.deepEqual(values.at(SOURCE, at(2, 2)), { values: ["7"], data: true }) // kept
  assert.equal(log.length, 2)
  assert.equal(values.at({ url: "/values/other" }, at(2, 2)), undefined) // another image
})

test("without an answer it says so once, and asks again another time", async () => {
  const { log, get } = asked()
  const seen = []
  const values = new BandValues(() => seen.push(values.at(SOURCE, at(5, 5))), get)
  values.at(SOURCE, at(5, 5))
  await wait(120)
  log[0].reject(new Error("404"))
  await wait(1)
  assert.deepEqual(seen, [null])
  values.at(SOURCE, null)
  values.at(SOURCE, at(5, 5))
  await wait(120)
  assert.equal(log.length, 2)
})
