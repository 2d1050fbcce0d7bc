import assert from "node:assert/strict"
import test from "node:test"
import { VOID } from "../colors.js"
import {
  DifferenceLayer, FALSE_ALARM, HIT, MISS, OTHER, outcomeOf, Pairs, tally,
} from "./difference.js"

const picture = (width, height, indices) =>
  ({ width, height, indices: Uint8Array.from(indices) })
const none = new Set()

test("seen by all classes a pixel is right or of another class", () => {
  assert.equal(outcomeOf(1, 1, 3, none), HIT)
  assert.equal(outcomeOf(1, 2, 3, none), OTHER)
  for (const pair of [[VOID, 1], [1, VOID], [VOID, VOID], [3, 1], [1, 3]]) {
    assert.equal(outcomeOf(...pair, 3, none), 0)
  }
})

test("seen by one class alone: hit, false alarm or miss", () => {
  const only1 = new Set([0, 2])
  const seen = (first, second) => outcomeOf(first, second, 3, only1)
  assert.deepEqual([seen(1, 1), seen(1, 0), seen(2, 1), seen(0, 2), seen(0, 0)],
    [HIT, FALSE_ALARM, MISS, 0, 0])
})

test("every pixel is counted once, and by class as a confusion matrix has it", () => {
  const first = [0, 0, 1, 1, 2, 2, VOID, 0]
  const second = [0, 1, 1, 1, 2, 0, 1, VOID]
  const { counts } = new Pairs(picture(4, 2, first), picture(4, 2, second))
  const all = tally(counts, 3, none)
  assert.deepEqual(all.outcomes.slice(1), [4, 0, 0, 2]) // two pixels are void in one of them
  assert.deepEqual(all.classes, [
    { hits: 1, falseAlarms: 1, misses: 1 },
    { hits: 2, falseAlarms: 0, misses: 1 },
    { hits: 1, falseAlarms: 1, misses: 0 },
  ])
  const only1 = tally(counts, 3, new Set([0, 2]))
  assert.deepEqual(only1.outcomes.slice(1), [2, 0, 1, 0])
  assert.deepEqual(only1.classes, all.classes)
})

test("of two pictures of other sizes the larger grid counts", () => {
  const pairs = new Pairs(picture(2, 1, [0, 1]), picture(4, 2, [0, 0, 1, 1, 1, 0, 1, 1]))
  assert.deepEqual([pairs.width, pairs.height], [4, 2])
  assert.deepEqual([pairs.counts[0], pairs.counts[1], pairs.counts[257]], [3, 1, 4])
})

test("it is told by its outcome and the class", () => {
  const layer = (value) => ({ valueAt: () => value })
  const classes = [{ name: "Land" }, { name: "Road" }]
  const said = (first, second, off = none) => {
    const difference = new DifferenceLayer(layer(first), layer(second))
    const { text, label } = difference.describe(difference.valueAt(0, 0, [1, 1]), { classes, off })
    assert.equal(label, undefined) // nothing that a label could disagree with
    return text
  }
  assert.equal(said(1, 1), "Hit: Road")
  assert.equal(said(1, 0), "Another class")
  assert.equal(said(1, 0, new Set([0])), "False alarm: Road")
  assert.equal(said(1, 0, new Set([1])), "Miss: Land")
  assert.equal(said(VOID, 0), "not compared")
})
