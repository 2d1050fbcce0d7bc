import assert from "node:assert/strict"
import test from "node:test"
import { Scroll } from "./scroll.js"

const at = (left, top, width = 400) => ({ left, top, width, height: 300 })

function scrolled(to, { before = ["l", 1, undefined, undefined], after = before } = {}) {
  const moved = []
  const context = { canvas: { width: 100, height: 80 }, drawImage: (_, ...by) => moved.push(by) }
  const scroll = new Scroll()
  scroll.keep(["legend", ...before], at(-20, -30))
  return { strips: scroll.strips(context, ["legend", ...after], to), moved }
}

test("what comes into view is drawn, the rest is moved", () => {
  assert.deepEqual(scrolled(at(-13, -30)), { strips: [[0, 0, 7, 80]], moved: [[7, 0]] })
  assert.deepEqual(scrolled(at(-25, -28)),
    { strips: [[95, 0, 100, 80], [0, 0, 100, 2]], moved: [[-5, 2]] })
  assert.deepEqual(scrolled(at(-20, -30)), { strips: [], moved: [] })
})

test("everything is drawn where the content is another, or has moved out of sight", () => {
  const all = { strips: null, moved: [] }
  assert.deepEqual(scrolled(at(-13, -30, 410)), all)
  assert.deepEqual(scrolled(at(80, -30)), all)
  assert.deepEqual(scrolled(at(-13, -30), { after: ["l", 0.5, undefined, undefined] }), all)
  assert.deepEqual(scrolled(at(-13, -30), { after: [] }), all)
})

test("a divider stays where it is while the picture moves", () => {
  const cut = ["l", 1, 0.5, undefined]
  assert.deepEqual(scrolled(at(-13, -30), { before: cut }), { strips: null, moved: [] })
})
