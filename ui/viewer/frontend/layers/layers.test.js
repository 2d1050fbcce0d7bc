import assert from "node:assert/strict"
import test from "node:test"
import { VOID } from "../colors.js"
import { withFrame } from "./frames.js"
import { KINDS } from "./kinds.js"
import { Unsure } from "./unsure.js"

const GIVEN = { key: "k", title: "K" }
const CLASSES = [{ name: "Land", color: [1, 2, 3] }, { name: "Water", color: [4, 5, 6] }]

// A context that keeps what was drawn.
function surface(width) {
  const context = { drawn: [], drawImage: (...args) => context.drawn.push(args) }
  return { context, left: 3, top: 4, width, height: width / 2 }
}

function labels(width, height, indices) {
  const picture = { width, height, indices: Uint8Array.from(indices), tables: [], source: "masks" }
  picture.paint = (table) => picture.tables.push(table)
  return new KINDS.labels(GIVEN, picture)
}

test("every kind is a layer", () => {
  for (const [name, kind] of Object.entries(KINDS)) {
    assert.equal(typeof kind.decode, "function", name)
    const layer = new kind(GIVEN, { width: 1, height: 1 })
    assert.deepEqual([layer.key, layer.title, typeof layer.usesClasses], ["k", "K", "boolean"])
    for (const method of ["draw", "valueAt", "describe"]) {
      assert.equal(typeof layer[method], "function", `${name}.${method}`)
    }
  }
})

test("a label is read where it was, also from a mask that was sent smaller", () => {
  const layer = labels(3, 2, [0, 1, 2, 3, 4, 5])
  assert.equal(layer.valueAt(2, 1, [3, 2]), 5)
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((x) => layer.valueAt(x, 3, [6, 4])), [3, 3, 4, 4, 5, 5])
})

test("a label is told by its class, void and what has no class by their own words", () => {
  const layer = labels(1, 1, [0])
  const legend = { classes: CLASSES }
  assert.deepEqual(layer.describe(1, legend), { text: "Water", color: [4, 5, 6], label: 1 })
  assert.deepEqual(layer.describe(VOID, legend), { text: "void", label: null })
  const unknown = layer.describe(9, legend)
  assert.deepEqual([unknown.text, unknown.color, unknown.label], ["9 (no class)", undefined, 9])
})

test("labels are painted with the colours and never smoothed", () => {
  const layer = labels(10, 5, [])
  const onto = surface(5)
  layer.draw(onto, { table: "colours" })
  assert.deepEqual(layer.picture.tables, ["colours"])
  assert.equal(onto.context.imageSmoothingEnabled, false)
  assert.deepEqual(onto.context.drawn, [["masks", 3, 4, 5, 2.5]])
})

test("a picture is smoothed only where its pixels are smaller than the screen's", (t) => {
  const made = []
  const element = (tag) => {
    const context = { drawImage: (...args) => made.push([tag, ...args]) }
    return { setAttribute(name, value) { this[name] = value }, append() {}, getContext: () => context }
  }
  globalThis.document = { createElement: element }
  t.after(() => delete globalThis.document)
  const bitmap = { width: 10, height: 5, close() {} }
  const layer = new KINDS.rgba(GIVEN, KINDS.rgba.decode(bitmap))
  const drawn = (width) => {
    const onto = surface(width)
    layer.draw(onto)
    assert.equal(onto.context.imageSmoothingEnabled, false)
    return onto.context.drawn[0][0]
  }
  for (const width of [10, 11, 40]) assert.equal(drawn(width), bitmap)
  const small = drawn(6)
  assert.deepEqual(made, [["canvas", bitmap, 0, 0, 6, 3]])
  assert.equal(drawn(6), small) // once for all the frames of a pan
  assert.notEqual(drawn(4), small)
  assert.equal(layer.valueAt(0, 0, [10, 5]), null)
})

test("the frame with the number, else the last before it, else the first; null is the newest", () => {
  const frames = [2, 4, 8].map((number) => ({ number, digest: `d${number}` }))
  const shown = (number) => withFrame({ key: "k", frames }, number).digest
  assert.deepEqual([null, 4, 5, 99, 1].map(shown), ["d8", "d4", "d4", "d8", "d2"])
  const plain = { key: "k", digest: "d" }
  assert.equal(withFrame(plain, 3), plain)
})

function values(most, codes, given = {}) {
  const kind = most > 255 ? KINDS.values16 : KINDS.values
  return new kind({ ...GIVEN, ...given }, { width: codes.length, height: 1, most, codes })
}

test("a value is read with its unit, in as many digits as its codes tell apart", () => {
  const share = values(255, [0, 1, 128, 255], { range: [0, 1] })
  const text = (layer, x) => {
    const code = layer.valueAt(x, 0, [layer.picture.width, 1])
    return code === null ? null : layer.describe(code).text
  }
  assert.deepEqual([0, 1, 2, 3].map((x) => text(share, x)), [null, "0.000", "0.500", "1.000"])
  const height = values(65535, [1, 32768, 65535], { range: [-10, 90], unit: "m" })
  assert.deepEqual([0, 1, 2].map((x) => text(height, x)), ["-10.000 m", "40.000 m", "90.000 m"])
})

test("a value's colour is that of its map", () => {
  const layer = values(255, [1, 255], { colors: "viridis" })
  assert.deepEqual(layer.describe(1).color, [68, 1, 84])
  assert.deepEqual(layer.describe(255).color, [253, 231, 37])
})

test("below the threshold is what is less than it, and not what equals it", () => {
  const layer = values(255, [1, 128, 129], { range: [0, 1] })
  assert.equal(layer.codeOf(0), 1)
  assert.equal(layer.codeOf(0.5), 128)
  assert.equal(layer.codeOf(0.5001), 129)
  assert.equal(layer.codeOf(1), 255)
  for (let code = 1; code <= 255; code++) assert.equal(layer.codeOf((code - 1) / 254), code)
})

test("labels are hatched where their value is below the threshold", () => {
  const layer = values(255, [0, 1, 127, 128, 255], { range: [0, 1] })
  const unsure = new Unsure(layer, 0.5)
  const out = new Uint32Array([9, 9, 0, 9, 9])
  unsure.hatch(out, { width: 5, height: 1 })
  assert.deepEqual([...out].map((color) => [0, 9].includes(color)), [true, false, true, true, true])
  assert.equal(out[2], 0) // what is not shown is not unsure
  const at = (x) => unsure.isAt(x, 0, [5, 1])
  assert.deepEqual([0, 1, 2, 3, 4].map(at), [false, true, true, false, false])
  const mask = labels(5, 1, [1, 1, 1, 1, 1])
  const legend = { classes: CLASSES, unsure: new Map([["k", unsure]]) }
  const text = (x) => mask.describe(1, legend, { x, y: 0, size: [5, 1] }).text
  assert.deepEqual([text(1), text(4)], ["Water (unsure)", "Water"])
})

test("values are coloured between the ends of a look, and hidden below its least", () => {
  const codes = Uint8Array.from([0, 1, 128, 255])
  const picture = { width: 4, height: 1, codes, tables: [], source: "values" }
  picture.paint = (table) => picture.tables.push(table)
  picture.draw = (on, part) => part(picture)
  const layer = new KINDS.values({ ...GIVEN, range: [0, 254], colors: "viridis", look: {} }, picture)
  const at = (table, code) => [...new Uint8Array(table.buffer.slice(4 * code, 4 * code + 4))]
  const drawn = (look) => {
    layer.draw(surface(4), { looks: new Map([["k", look]]) })
    return picture.tables.at(-1)
  }
  const whole = { colors: "viridis", from: 0, to: 254, least: 0 }
  const plain = drawn(whole)
  const [first, last] = [at(plain, 1), at(plain, 255)]
  assert.deepEqual(first, [68, 1, 84, 255])
  assert.deepEqual(last, [253, 231, 37, 255])
  assert.deepEqual(at(plain, 0), [0, 0, 0, 0])
  assert.equal(drawn({ ...whole }), plain) // the same look: nothing is painted anew
  const narrow = drawn({ ...whole, from: 100, to: 150, least: 120 })
  assert.deepEqual(at(narrow, 120), [0, 0, 0, 0]) // the value 119
  assert.equal(at(narrow, 121)[3], 255)
  assert.deepEqual(at(narrow, 151), last)
  assert.deepEqual(at(narrow, 255), last)
  assert.deepEqual(at(drawn({ ...whole, from: 150, to: 150 }), 150), first)
  assert.deepEqual(at(drawn({ ...whole, from: 150, to: 150 }), 151), last)
  assert.notDeepEqual(at(drawn({ ...whole, colors: "inferno" }), 200), at(plain, 200))
  const legend = { looks: new Map([["k", { ...whole, from: 100, to: 150 }]]) }
  assert.deepEqual(layer.describe(255, legend).color, [253, 231, 37])
  assert.equal(layer.describe(255, legend).text, layer.describe(255, {}).text) // it keeps its value
})
