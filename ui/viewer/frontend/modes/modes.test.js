import assert from "node:assert/strict"
import test from "node:test"
import { IMAGE } from "../state.js"
import { isPossible } from "./needs.js"
import { MODES, modeNamed } from "./table.js"

const part = (key, visible = true, opacity = 0.5) => ({
  layer: { key, title: key.toUpperCase(), usesClasses: true }, visible, opacity,
})
const image = { layer: { key: IMAGE, title: "Image" }, visible: true, opacity: 1 }

function panes(name, layers, settings = {}) {
  const mode = modeNamed(name)
  const own = { ...mode.settings?.(), ...settings }
  return mode.panes({ image, layers, own }).map(({ key, title, stack }) => ({
    key, title, stack: stack.map(({ layer, from, to }) => [layer.key, from, to]),
  }))
}

const whole = (key) => [key, undefined, undefined]

test("every mode has what the table says, and draws the image at the bottom of every pane", () => {
  assert.equal(new Set(MODES.map(({ name }) => name)).size, MODES.length)
  for (const mode of MODES) {
    for (const name of ["needsLayers", "captions", "crosshair"]) {
      assert.equal(typeof mode[name], "boolean", `${mode.name}.${name}`)
    }
    const specs = panes(mode.name, [part("a"), part("b", false)])
    assert.equal(new Set(specs.map(({ key }) => key)).size, specs.length)
    for (const { stack } of specs) assert.deepEqual(stack[0], whole(IMAGE))
  }
})

test("overlay lays the visible layers over each other, bottom first", () => {
  const [pane, ...others] = panes("overlay", [part("a"), part("b", false), part("c")])
  assert.deepEqual(others, [])
  assert.deepEqual(pane.stack, [whole(IMAGE), whole("a"), whole("c")])
})

test("side by side has a pane a visible layer, three at most", () => {
  const layers = [part("a", false), ..."bcde".split("").map((key) => part(key))]
  const specs = modeNamed("side").panes({ image, layers, own: { count: null } })
  assert.deepEqual(specs.map(({ shows }) => shows), [IMAGE, "b", "c", "d"])
  assert.deepEqual(specs.map(({ title }) => title), ["Image", "B", "C", "D"])
  assert.deepEqual(specs.map(({ stack }) => stack.length), [1, 2, 2, 2])
})

test("side by side each pane shows what was chosen for it, as many as were chosen", () => {
  const mode = modeNamed("side")
  const scene = { image, layers: [part("a"), part("b", false), part("c")], own: mode.settings() }
  const shows = () => mode.panes(scene).map((spec) => spec.shows)
  assert.deepEqual(shows(), [IMAGE, "a", "c"])
  mode.onPick(scene)
  scene.own.pane0 = "c"
  assert.deepEqual(shows(), ["c", "a", "c"])
  assert.deepEqual(mode.setCount(scene, 4), ["b"]) // is to be switched on
  assert.deepEqual(shows(), ["c", "a", "c", IMAGE]) // until then it is not shown, nor named
  scene.layers[1].visible = true
  assert.deepEqual(shows(), ["c", "a", "c", "b"])
  assert.deepEqual([mode.setCount(scene, 2), shows(), mode.count(scene)], [[], ["c", "a"], 2])
  mode.onShow(scene.own, "b")
  assert.deepEqual(shows(), ["c", "b"])
  mode.adopt(scene.own, { keys: ["a", "c"] }) // one that was chosen is gone
  assert.deepEqual([scene.own.count, mode.count({ ...scene, layers: [part("a")] })], [null, 2])
})

test("blink shows its two in turn until it is paused", () => {
  const mode = modeNamed("blink")
  const own = mode.settings()
  mode.adopt(own, { keys: ["a", "b"], visible: ["b"] })
  const scene = { image, layers: [part("a"), part("b")], own }
  const stack = () => mode.panes(scene)[0].stack.map(({ layer }) => layer.key)
  assert.deepEqual(stack(), [IMAGE, "b"])
  mode.timer.turn(own)
  assert.deepEqual(stack(), [IMAGE])
  own.second = "a"
  assert.deepEqual(stack(), [IMAGE, "a"])
  scene.layers[0].visible = false
  assert.deepEqual([stack(), mode.shown(scene, "second")], [[IMAGE], IMAGE])
  assert.ok(mode.timer.isOn(own))
  mode.timer.pause(own)
  assert.ok(!mode.timer.isOn(own))
  assert.ok(mode.timer.ms > 1000 / 3) // flashes
})

test("swipe cuts the two layers at the divider", () => {
  const stack = (layers, own) => panes("swipe", layers, { divider: 0.25, ...own })[0].stack
  const both = [part("a"), part("b")]
  assert.deepEqual(stack(both, { left: IMAGE, right: "b" }), [whole(IMAGE), ["b", 0.25, undefined]])
  assert.deepEqual(stack(both, { left: "a", right: "b" }),
    [whole(IMAGE), ["a", undefined, 0.25], ["b", 0.25, undefined]])
  assert.deepEqual(stack([part("a", false)], { left: "a", right: "a" }), [whole(IMAGE)])
})

test("a side of the divider is named by what is seen there", () => {
  const { shown } = modeNamed("swipe")
  const scene = (layers) => ({ image: part(IMAGE), layers, own: { left: "a", right: "b" } })
  assert.equal(shown(scene([part("a"), part("b")]), "right"), "b")
  assert.equal(shown(scene([part("a"), part("b", false)]), "right"), IMAGE)
  assert.equal(shown(scene([part("a", false), part("b")]), "left"), IMAGE)
})

test("the divider stays within the pane", () => {
  const { divider, settings } = modeNamed("swipe")
  const own = settings()
  assert.equal(divider.at(own), 0.5)
  for (const [to, at] of [[0.3, 0.3], [-0.1, 0], [1.2, 1]]) {
    divider.move(own, to)
    assert.equal(divider.at(own), at)
  }
})

test("the difference compares two layers, switched off or not, and names both", () => {
  const mode = modeNamed("difference")
  const own = mode.settings()
  mode.adopt(own, { labels: ["a", "c"] })
  assert.deepEqual([own.first, own.second], ["a", "c"])
  mode.adopt(own, { labels: ["c", "d"] })
  assert.deepEqual([own.first, own.second], ["d", "c"])
  const [pane] = mode.panes({ image, layers: [part("c", false), part("d")], own })
  assert.deepEqual(pane.reads.map(({ key }) => key), ["d", "c", "difference"])
  assert.equal(pane.stack[1].opacity, own.opacity)
})

test("a mode is possible where there are the layers that it needs", () => {
  const possible = (...kinds) => MODES.filter((mode) => isPossible(mode, kinds)).map(({ name }) => name)
  assert.deepEqual(possible(), ["overlay"])
  assert.ok(!possible(true, false).includes("difference"))
  assert.deepEqual(possible(true, true), MODES.map(({ name }) => name))
})
