import assert from "node:assert/strict"
import { test } from "node:test"

import { areaText, areaWords, lengthText, lengthWords } from "./measure.js"
import { aimedAt, boxOf, emptySketch, ended, pointsOf, withoutLast, withPoint } from "./sketch.js"
import { shapesOf } from "./shapes.js"
import { TOOLS, toolNamed } from "./table.js"

const drawn = (name, ...points) =>
  points.reduce((sketch, point) => withPoint(sketch, toolNamed(name), point), emptySketch())

test("points are added until the sketch ends, and the next point begins another", () => {
  const line = drawn("distance", [0, 0], [3, 4], [3, 4], [3, 8])
  assert.deepEqual(line, { points: [[0, 0], [3, 4], [3, 8]], isOpen: true })
  const done = ended(line, toolNamed("distance"))
  assert.equal(done.isOpen, false)
  assert.deepEqual(withPoint(done, toolNamed("distance"), [9, 9]), { points: [[9, 9]], isOpen: true })
})

test("what is too little is nothing", () => {
  assert.deepEqual(ended(drawn("distance", [0, 0]), toolNamed("distance")), emptySketch())
  assert.deepEqual(ended(drawn("area", [0, 0], [1, 1]), toolNamed("area")), emptySketch())
  assert.deepEqual(ended(drawn("rectangle", [0, 0]), toolNamed("rectangle")), emptySketch())
})

test("a rectangle ends with its second corner, and is of whole pixels, both corners within", () => {
  const size = [10, 8]
  const one = drawn("rectangle", [6.9, 2.1], [2.2, 5.5])
  assert.equal(one.isOpen, false)
  assert.deepEqual(boxOf(one.points, size), [2, 2, 7, 6])
  assert.deepEqual(boxOf([[10, 8], [10, 8]], size), [9, 7, 10, 8]) // the edge is the last pixel's
  for (const box of [[0, 0, 10, 8], [3, 4, 4, 5]]) assert.deepEqual(boxOf(pointsOf(box), size), box)
})

test("the last point is taken back; what is finished goes as a whole", () => {
  const line = drawn("distance", [0, 0], [3, 4])
  assert.deepEqual(withoutLast(line), { points: [[0, 0]], isOpen: true })
  assert.deepEqual(withoutLast(withoutLast(line)), emptySketch())
  assert.deepEqual(withoutLast(ended(line, toolNamed("distance"))), emptySketch())
})

test("only an open sketch goes on to what is pointed at", () => {
  const line = drawn("distance", [0, 0], [3, 4])
  assert.deepEqual(aimedAt(line, [9, 9]), [[0, 0], [3, 4], [9, 9]])
  assert.deepEqual(aimedAt(line, null), line.points)
  assert.deepEqual(aimedAt(ended(line, toolNamed("distance")), [9, 9]), line.points)
})

test("without a place lengths and areas are in pixels", () => {
  assert.equal(lengthWords([[0, 0], [3, 4], [3, 8]], null), "9 px")
  assert.equal(areaWords([[0, 0], [10, 0], [10, 5], [0, 5]], { surface: null }), "50 px²")
  assert.equal(areaWords([[0, 5], [10, 5], [10, 0], [0, 0]], null), "50 px²")
})

test("units go with the size", () => {
  assert.deepEqual([0.123, 1, 12.345, 999.94, 1000, 12345].map(lengthText),
    ["12.3 cm", "1 m", "12.35 m", "999.9 m", "1 km", "12.35 km"])
  assert.deepEqual([0.5, 9999, 10000, 123456, 1e8, 2.5e9].map(areaText),
    ["0.5 m²", "9,999 m²", "1 ha", "12.35 ha", "100 km²", "2,500 km²"])
})

test("every tool says nothing before there is something to say", () => {
  for (const tool of TOOLS) {
    assert.equal(tool.words([], { ground: null, size: [9, 9] }), "")
    assert.equal(tool.words([[1, 1]], { ground: null, size: [9, 9] }), "")
    assert.ok(tool.words([[1, 1], [3, 1], [3, 4]].slice(0, tool.most), { ground: null, size: [9, 9] }))
  }
})

test("outlines of the script lie below what is drawn, and a rectangle is of whole pixels", () => {
  const sketches = Object.fromEntries(TOOLS.map(({ name }) => [name, emptySketch()]))
  sketches.rectangle = drawn("rectangle", [2.2, 1.5], [4.9, 3.1])
  sketches.distance = drawn("distance", [0, 0])
  const state = { tool: "distance", sketches }
  const data = { outlines: [[[0, 0], [1, 0], [1, 1]]], size: [10, 10] }
  const [outline, line, box] = shapesOf(data, state, [5, 5])
  assert.deepEqual(outline, { points: data.outlines[0], isClosed: true })
  assert.deepEqual(line.points, [[0, 0], [5, 5]])
  assert.deepEqual(box.points, [[2, 1], [5, 1], [5, 4], [2, 4]])
  assert.ok(!box.isOpen && line.isOpen)
})
