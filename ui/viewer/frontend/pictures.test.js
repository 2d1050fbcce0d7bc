import assert from "node:assert/strict"
import test from "node:test"
import { Downloads } from "./downloads.js"
import { isNeeded, Pictures } from "./pictures.js"

// A server whose answers are the addresses; what is asked for is kept.
function serve(broken = []) {
  const asked = []
  globalThis.fetch = async (src) => {
    asked.push(src)
    return { ok: !broken.includes(src), status: 404, blob: async () => src }
  }
  return asked
}

const file = (name) => ({ digest: name, src: `/${name}`, kind: "image" })

test("each address is fetched once; all that may be shown next follow", async () => {
  const asked = serve()
  const downloads = new Downloads()
  assert.equal(await downloads.get("b", "/b"), "/b")
  await downloads.keep([file("a"), file("b"), { digest: "c", src: "data:image/png;base64," }])
  await downloads.get("a", "/a")
  assert.deepEqual(asked, ["/b", "/a"])
  await downloads.keep([file("a")])
  await downloads.get("b", "/b") // was forgotten
  assert.deepEqual(asked, ["/b", "/a", "/b"])
})

test("one that fails is asked for again another time, and holds up no other", async () => {
  const asked = serve(["/a"])
  const downloads = new Downloads()
  await downloads.keep([file("a"), file("b")])
  assert.deepEqual(asked, ["/a", "/b"])
  await assert.rejects(downloads.get("a", "/a"), /404 for \/a/)
  assert.deepEqual(asked, ["/a", "/b", "/a"])
})

function pictures() {
  const closed = []
  const decode = (bitmap) => ({ bitmap, close: () => closed.push(bitmap) })
  globalThis.createImageBitmap = async (blob) => blob
  return { closed, store: new Pictures({ image: { decode } }) }
}

test("each content is decoded once and kept while it is shown", async () => {
  serve()
  const { closed, store } = pictures()
  const decoded = await store.decode([file("a"), file("a"), file("b")])
  assert.deepEqual([...decoded.keys()], ["a", "b"])
  assert.equal(store.has([file("a")]), false) // nothing before it is added
  store.add(decoded)
  assert.ok(store.has([file("a"), file("b")]))
  assert.equal((await store.decode([file("a")])).size, 0)
  store.keep([file("b")], [])
  assert.deepEqual(closed, ["/a"])
  assert.equal(store.get("a"), undefined)
})

test("a picture that cannot be read is reported, not thrown", async (t) => {
  serve(["/a"])
  t.mock.method(console, "error", () => {})
  assert.equal(await pictures().store.decode([file("a"), file("b")]), null)
})

test("a layer of values is fetched when it is shown or limits something", () => {
  const state = { layers: new Map(), thresholds: new Map() }
  const layer = { key: "sure", range: [0, 1], visible: false, threshold: { start: 0 } }
  assert.ok(!isNeeded(layer, state))
  assert.ok(isNeeded({ ...layer, visible: true }, state))
  assert.ok(isNeeded({ ...layer, threshold: { start: 0.2 } }, state))
  state.thresholds.set("sure", 0)
  state.layers.set("sure", { visible: false })
  assert.ok(!isNeeded(layer, state))
  state.thresholds.set("sure", 0.1)
  assert.ok(isNeeded(layer, state))
  state.thresholds.set("sure", 0)
  state.layers.set("sure", { visible: true })
  assert.ok(isNeeded(layer, state))
  assert.ok(isNeeded({ key: "labels", visible: false }, state)) // may be compared
})
