import assert from "node:assert/strict"
import test from "node:test"
import { MODES, modeNamed } from "./modes/table.js"
import {
  adopt, createState, IMAGE, isolateClass, pick, showLayer, stateFor, toggleClass,
} from "./state.js"

const layer = (key, visible = true, opacity = 0.5) => ({ key, visible, opacity, kind: "labels" })

function data(overrides = {}) {
  return {
    mode: "overlay",
    size: [40, 30],
    image: { digest: "a" },
    classes: [{ name: "Land" }, { name: "Water" }],
    layers: [layer("prediction"), layer("truth", false)],
    ...overrides,
  }
}

function adopted(overrides) {
  const state = createState(MODES)
  adopt(state, data(overrides), MODES)
  return state
}

test("a viewer begins with what the script passes", () => {
  const state = adopted({ mode: "side" })
  assert.equal(state.mode, "side")
  assert.equal(state.view.fit, true)
  assert.deepEqual(state.layers.get("truth"), { visible: false, opacity: 0.5 })
})

test("what the user set survives the same data again", () => {
  const state = adopted()
  state.mode = "swipe"
  state.view = { fit: false, zoom: 3, cx: 4, cy: 5 }
  state.layers.get("prediction").opacity = 0.9
  state.marker = { x: 1, y: 2 }
  toggleClass(state, 1)
  const before = structuredClone(state)
  adopt(state, data(), MODES)
  assert.deepEqual(state, before)
})

test("another value of the script's wins, and only where it is another", () => {
  const state = adopted()
  state.layers.get("prediction").opacity = 0.9
  state.view.fit = false
  adopt(state, data({ mode: "side", layers: [layer("prediction"), layer("truth", true)] }), MODES)
  assert.equal(state.mode, "side")
  assert.equal(state.layers.get("truth").visible, true)
  assert.equal(state.layers.get("prediction").opacity, 0.9)
  assert.equal(state.view.fit, false)
})

test("another size fits the view, another image drops the marker, other classes show all", () => {
  const state = adopted()
  Object.assign(state, { marker: { x: 1, y: 2 }, off: new Set([0]) })
  state.view.fit = false
  adopt(state, data({ size: [50, 30] }), MODES)
  assert.deepEqual([state.view.fit, state.marker?.x, state.off.size], [true, 1, 1])
  adopt(state, data({ size: [50, 30], image: { digest: "b" } }), MODES)
  assert.deepEqual([state.marker, state.off.size], [null, 1])
  adopt(state, data({ image: { digest: "b" }, classes: [{ name: "Road" }] }), MODES)
  assert.equal(state.off.size, 0)
})

test("without layers there is nothing to compare", () => {
  const state = adopted({ mode: "side", layers: [] })
  assert.equal(modeNamed(state.mode).needsLayers, false)
})

test("swipe begins with the image and the first layer that is shown", () => {
  const own = (layers) => adopted({ layers }).own.swipe
  assert.deepEqual(own([layer("a", false), layer("b")]), { divider: 0.5, left: IMAGE, right: "b" })
  assert.equal(own([layer("a", false), layer("b", false)]).right, "a")
  assert.equal(own([]).right, null)
})

test("a layer that is gone is replaced on its side of the divider", () => {
  const state = adopted()
  Object.assign(state.own.swipe, { left: "truth", right: "prediction" })
  adopt(state, data({ layers: [layer("heat")] }), MODES)
  assert.deepEqual([state.own.swipe.left, state.own.swipe.right], [IMAGE, "heat"])
})

test("in swipe a layer that is switched on goes to the right, unless it is left", () => {
  const state = adopted()
  const swipe = modeNamed("swipe")
  showLayer(state, swipe, "truth", true)
  assert.equal(state.own.swipe.right, "truth")
  state.own.swipe.left = "prediction"
  showLayer(state, swipe, "prediction", true)
  assert.equal(state.own.swipe.right, "truth")
  showLayer(state, modeNamed("overlay"), "prediction", true)
  assert.equal(state.own.swipe.right, "truth")
})

test("what is picked is to be seen", () => {
  const state = adopted()
  pick(state, modeNamed("swipe"), "left", "truth")
  assert.equal(state.own.swipe.left, "truth")
  assert.equal(state.layers.get("truth").visible, true)
  pick(state, modeNamed("swipe"), "left", IMAGE)
  assert.equal(state.own.swipe.left, IMAGE)
})

test("classes: one off and on, one alone and all again", () => {
  const state = adopted()
  toggleClass(state, 1)
  assert.deepEqual([...state.off], [1])
  isolateClass(state, 1, 3)
  assert.deepEqual([...state.off], [0, 2])
  isolateClass(state, 1, 3)
  assert.deepEqual([...state.off], [])
})

test("the state is remembered by the viewer's key", () => {
  assert.equal(stateFor("here", MODES), stateFor("here", MODES))
  assert.notEqual(stateFor("here", MODES), stateFor("there", MODES))
})

test("a threshold stays where it was moved until the script passes another", () => {
  const limited = (start) => [{ ...layer("sure"), threshold: { of: "a", title: "T", start } }]
  const state = adopted({ layers: limited(0.2) })
  assert.equal(state.thresholds.get("sure"), 0.2)
  state.thresholds.set("sure", 0.7)
  adopt(state, data({ layers: limited(0.2) }), MODES)
  assert.equal(state.thresholds.get("sure"), 0.7)
  adopt(state, data({ layers: limited(0.3) }), MODES)
  assert.equal(state.thresholds.get("sure"), 0.3)
})
