import assert from "node:assert/strict"
import test from "node:test"
import { colorTable, cssColor, VOID } from "./colors.js"

const rows = (count) => Array.from({ length: count }, (_, i) => ({ color: [i, 255 - i, 7] }))
const bytesOf = (table, index) => [...new Uint8Array(table.buffer).slice(4 * index, 4 * index + 4)]

test("each class has its colour, opaque", () => {
  const table = colorTable(rows(5), new Set())
  assert.equal(table.length, 256)
  assert.deepEqual(bytesOf(table, 0), [0, 255, 7, 255])
  assert.deepEqual(bytesOf(table, 4), [4, 251, 7, 255])
})

test("what is off, unknown or void is transparent", () => {
  const table = colorTable(rows(256), new Set([3]))
  assert.equal(table[3], 0)
  assert.equal(table[VOID], 0)
  assert.notEqual(table[VOID - 1], 0)
  assert.equal(colorTable(rows(5), new Set())[5], 0)
})

test("a colour in the words of a style sheet", () => {
  assert.equal(cssColor([60, 16, 152]), "rgb(60, 16, 152)")
})
