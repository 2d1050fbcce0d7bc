import assert from "node:assert/strict"
import test from "node:test"
import { EMPTY, TileStore } from "./store.js"

const rest = () => new Promise((resolve) => setTimeout(resolve, 0))

// A server that answers when it is told to; what is asked for and dropped is kept.
function setUp({ mostBytes = 1000 } = {}) {
  const asked = []
  const dropped = []
  const waiting = new Map()
  const closed = []
  const failed = []
  const seen = { changes: 0 }
  globalThis.fetch = (src, { signal }) => {
    asked.push(src)
    return new Promise((resolve, reject) => {
      waiting.set(src, resolve)
      signal.addEventListener("abort", () => {
        dropped.push(src)
        reject(new DOMException("dropped", "AbortError"))
      })
    })
  }
  const store = new TileStore({
    changed: () => seen.changes++, failed: (text) => failed.push(text), read: async (blob) => blob, mostBytes, againMs: 5,
  })
  const tile = (key) => ({ key, src: `/${key}`,
    decode: ({ text }) => ({ text, bytes: 100, close: () => closed.push(key) }) })
  const answer = async (key, status = 200, text = key) => {
    const body = { size: text.length, text }
    waiting.get(`/${key}`)({ status, ok: status < 300, blob: async () => body, text: async () => text })
    await rest()
  }
  return { store, tile, answer, asked, dropped, closed, failed, seen }
}

test("what is wanted is asked for once, in its order, and is at hand when it has come", async () => {
  const { store, tile, answer, asked, seen } = setUp()
  store.want([tile("a"), tile("b")])
  store.want([tile("a"), tile("b")])
  assert.deepEqual([asked, store.pending, store.get("a")], [["/a", "/b"], 2, undefined])
  await answer("a")
  assert.deepEqual([store.get("a").text, store.pending, seen.changes], ["a", 1, 1])
  store.want([tile("a")])
  assert.equal(store.pending, 0)
  assert.deepEqual(asked, ["/a", "/b"])
})

test("what is not wanted any more is dropped, and asked for anew when it is again", async () => {
  const { store, tile, asked, dropped, failed } = setUp()
  store.want([tile("a"), tile("b")])
  store.want([tile("b")])
  assert.deepEqual(dropped, ["/a"])
  store.want([tile("b"), tile("a")])
  await rest()
  assert.deepEqual([asked, failed], [["/a", "/b", "/a"], []])
})

test("so many are asked for at once, the others follow", async () => {
  const { store, tile, answer, asked } = setUp()
  store.want(Array.from({ length: 12 }, (_, i) => tile(`t${i}`)))
  assert.equal(asked.length, 8)
  await answer("t3")
  assert.equal(asked.at(-1), "/t8")
})

test("those not used for longest are forgotten, those that are wanted never", async () => {
  const { store, tile, answer, closed } = setUp({ mostBytes: 250 })
  for (const key of ["a", "b", "c", "d"]) {
    store.want([tile(key)])
    await answer(key)
    if (key !== "d") store.get("a") // is used again and again
  }
  assert.deepEqual([closed, store.bytes], [["b", "c"], 200])
  store.want(["a", "d", "e"].map(tile))
  await answer("e")
  assert.deepEqual([closed, store.bytes], [["b", "c"], 300])
  store.want([tile("e")])
  assert.deepEqual(closed, ["b", "c", "a"])
})

test("where there is nothing to see, nothing is decoded", async () => {
  const { store, tile, answer } = setUp()
  store.want([tile("a")])
  await answer("a", 204, "")
  assert.equal(store.get("a"), EMPTY)
  assert.equal(store.bytes, 0)
})

test("what cannot be had is said in the server's words, and not asked for again", async () => {
  const { store, tile, answer, asked, failed } = setUp()
  store.want([tile("a"), tile("b")])
  await answer("a", 410, "The file has changed since.")
  store.want([tile("a"), tile("b")])
  assert.deepEqual([failed, asked, store.pending], [["The file has changed since."], ["/a", "/b"], 1])
})

test("a busy server is asked again after a while, without a word", async () => {
  const { store, tile, answer, asked, failed } = setUp()
  store.want([tile("a")])
  await answer("a", 503, "busy")
  assert.deepEqual(asked, ["/a"])
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual([asked, failed], [["/a", "/a"], []])
})

test("the tile under the pointer is fetched once that rests, and the last one only", async (t) => {
  const { store, tile, asked, dropped } = setUp()
  t.mock.timers.enable({ apis: ["setTimeout"] })
  store.want([tile("shown")])
  store.wantPoint("mask", tile("p1"))
  t.mock.timers.tick(50)
  store.wantPoint("mask", tile("p2"))
  t.mock.timers.tick(100)
  assert.deepEqual(asked, ["/shown"])
  t.mock.timers.tick(30)
  assert.deepEqual(asked, ["/shown", "/p2"])
  store.want([tile("shown")]) // the screen is drawn anew
  assert.deepEqual(dropped, [])
})

test("a picture that goes away takes its tiles along", async () => {
  const { store, tile, answer, closed, dropped } = setUp()
  store.want(["m/0", "m/1", "n/0"].map(tile))
  await answer("m/0")
  await answer("n/0")
  store.forget("m/")
  assert.deepEqual([closed, dropped, store.bytes], [["m/0"], ["/m/1"], 100])
  store.close()
  assert.deepEqual([closed, store.bytes], [["m/0", "n/0"], 0])
})
