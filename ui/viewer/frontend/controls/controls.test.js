import assert from "node:assert/strict"
import test from "node:test"
import { ACTIONS, isEnabled } from "../actions.js"
import { MODES } from "../modes/table.js"
import { TOOLS } from "../tools/table.js"
import { helpRows, shortHelp, spokenHelp } from "./help.js"
import { actionForKey, Keyboard } from "./keyboard.js"
import { moved } from "./look.js"
import { readings } from "./readout.js"

// A viewer that keeps what it was asked to do.
function viewer({ hasLayers = true, isClickable = true } = {}) {
  const calls = []
  const isPossible = ({ needsLayers }) => hasLayers || !needsLayers
  const spy = { calls, hasLayers, isClickable, isPossible, mode: MODES[0] }
  for (const name of ["choose", "pan", "pointAtCenter", "zoomBy", "zoomTo", "fit", "peek",
    "toggleFullscreen", "selectPointed", "showHelp", "pause", "chooseTool", "moveAim", "setPoint",
    "dropPoint", "endTool", "copyLink"]) spy[name] = (...args) => calls.push([name, ...args])
  return spy
}

function press(key, spy = viewer(), more = {}) {
  let prevented = false
  new Keyboard(spy).down({ key, preventDefault: () => (prevented = true), stopPropagation: () => null, ...more })
  return { calls: spy.calls, prevented }
}

test("no two actions share an id or a key", () => {
  const ids = ACTIONS.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  for (const spy of [viewer(), { ...viewer(), tool: TOOLS[0], data: { rectangle: {} } }]) {
    const keys = ACTIONS.filter((action) => isEnabled(action, spy)).flatMap((action) => action.keys ?? [])
    assert.equal(new Set(keys).size, keys.length)
  }
  for (const { id, title, group, face } of ACTIONS) {
    assert.ok(title, id)
    assert.equal(Boolean(group), Boolean(face), id)
  }
})

test("every mode has a button, that is on in it and off where it needs layers", () => {
  const spy = viewer({ hasLayers: false })
  for (const mode of MODES) {
    const action = ACTIONS.find(({ id }) => id === `mode-${mode.name}`)
    assert.equal(action.isOn(spy), mode === MODES[0])
    assert.equal(action.isEnabled(spy), !mode.needsLayers)
    action.run(spy)
    assert.deepEqual(spy.calls.at(-1), ["choose", mode])
  }
})

test("with a tool in use its keys come first", () => {
  const does = (key, more) => press(key, { ...viewer(), tool: TOOLS[0] }, more).calls
  assert.deepEqual(does("ArrowLeft"), [["moveAim", -1, -0]])
  assert.deepEqual(does("ArrowDown", { shiftKey: true }), [["moveAim", -0, 10]])
  assert.deepEqual(does("Enter"), [["setPoint"]])
  assert.deepEqual(does("Backspace"), [["dropPoint"]])
  assert.deepEqual(does("Escape"), [["endTool"]])
  assert.deepEqual(does("m"), [["chooseTool", "distance"]])
  assert.deepEqual(does("r"), []) // the page has no use for a rectangle
  assert.deepEqual(press("A").calls, [["chooseTool", "area"]])
})

test("the keys do what they say", () => {
  const does = (key, more) => press(key, viewer(), more).calls
  assert.deepEqual(does("ArrowLeft"), [["pan", 50, 0], ["pointAtCenter"]])
  assert.deepEqual(does("ArrowDown", { shiftKey: true })[0], ["pan", 0, -200])
  assert.deepEqual(does("+"), [["zoomBy", 1.5]])
  assert.deepEqual(does("="), [["zoomBy", 1.5]])
  assert.deepEqual(does("-"), [["zoomBy", 1 / 1.5]])
  assert.deepEqual(does("0"), [["fit"]])
  assert.deepEqual(does("1"), [["zoomTo", 1]])
  assert.deepEqual(does("H"), [["peek", true]])
  assert.deepEqual(does("Enter"), [["selectPointed"]])
  assert.deepEqual(does("?"), [["showHelp"]])
  assert.deepEqual(does("F"), [["toggleFullscreen"]])
  for (const mode of MODES) assert.deepEqual(does(mode.letter), [["choose", mode]])
  let blurred = false
  press("Escape", viewer(), { currentTarget: { blur: () => (blurred = true) } })
  assert.ok(blurred)
})

test("other keys, and keys of the browser, are left alone", () => {
  assert.deepEqual(press("x"), { calls: [], prevented: false })
  for (const modifier of ["ctrlKey", "metaKey", "altKey"]) {
    assert.deepEqual(press("0", viewer(), { [modifier]: true }), { calls: [], prevented: false })
  }
  assert.equal(press("0").prevented, true)
  assert.deepEqual(press("Enter", viewer({ isClickable: false })).calls, [])
  assert.equal(actionForKey("constructor"), undefined)
})

test("what lasts while a key is held ends with it, and with the focus", () => {
  const spy = viewer()
  const keyboard = new Keyboard(spy)
  keyboard.up({ key: "H" })
  keyboard.releaseAll()
  assert.deepEqual(spy.calls, [["peek", false], ["peek", false]])
})

test("the help says what is possible", () => {
  assert.equal(
    spokenHelp(viewer()),
    "M measures a distance, A measures an area, Arrow keys pan, plus and minus zoom, 0 fits, 1 shows one to one, "
      + "question mark lists all keys, H hides the layers while held, Enter picks the pixel.",
  )
  assert.ok(!spokenHelp(viewer({ isClickable: false })).includes("Enter"))
  assert.equal(
    shortHelp(viewer(), false),
    "Click, then scroll to zoom. Keys: + − 0 1 ? arrows; hold H to hide layers",
  )
  assert.ok(shortHelp(viewer({ hasLayers: false }), false).endsWith("arrows"))
  assert.equal(shortHelp(viewer(), true), "Pinch or double-tap to zoom")
})

test("a reading differs where its label is another than the first", () => {
  const layer = (title, value, label) => ({
    title,
    valueAt: () => value,
    describe: (v) => ({ text: `${v}`, label }),
  })
  const differs = (...layers) =>
    readings(layers, { x: 0, y: 0 }, [1, 1], {}).map((row) => [row.title, row.differs])
  assert.deepEqual(differs(layer("void", 255, null), layer("a", 0, 0), layer("b", 0, 0),
    layer("c", 2, 2)), [["void", false], ["a", false], ["b", false], ["c", true]])
  assert.deepEqual(differs(layer("picture", null), layer("height", 3.5, undefined), layer("a", 1, 1)),
    [["height", false], ["a", false]])
})

test("the sheet names every key that does something just now", () => {
  const rows = new Map(helpRows(viewer()).map(([keys, text]) => [text, keys]))
  assert.equal(rows.get("Pan"), "← → ↑ ↓")
  assert.equal(rows.get("Zoom in"), "+")
  assert.equal(rows.get("Blink"), "B")
  assert.ok(!rows.has("Pause")) // not in this mode
  const blinking = viewer()
  blinking.mode = MODES.find(({ timer }) => timer)
  assert.equal(new Map(helpRows(blinking).map(([k, t]) => [t, k])).get("Pause"), "Space")
  assert.ok(!new Map(helpRows(viewer({ hasLayers: false })).map(([k, t]) => [t, k])).has("Swipe"))
})

test("space pauses where something blinks, and is the browser's elsewhere", () => {
  assert.deepEqual(press(" "), { calls: [], prevented: false })
  const blinking = viewer()
  blinking.mode = MODES.find(({ timer }) => timer)
  assert.deepEqual(press(" ", blinking), { calls: [["pause"]], prevented: true })
})

test("the first colour of a look never lies beyond the last", () => {
  const look = { colors: "viridis", from: 2, to: 5, least: 0 }
  assert.deepEqual(moved(look, "from", 7), { ...look, from: 7, to: 7 })
  assert.deepEqual(moved(look, "to", 1), { ...look, from: 1, to: 1 })
  assert.deepEqual(moved(look, "least", 9), { ...look, least: 9 })
})
