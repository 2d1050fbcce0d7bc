// What the user set in a viewer, and how the script's wishes are reconciled with it. Pure.

import { isPossible } from "./modes/needs.js"
import { emptySketch, pointsOf } from "./tools/sketch.js"
import { TOOLS } from "./tools/table.js"
import { fittedView } from "./view.js"

export const IMAGE = "image" // the key of what lies below all layers

const remembered = new Map() // viewer key → state; outlives a remount (page change)

export function stateFor(key, modes) {
  if (!remembered.has(key)) remembered.set(key, createState(modes))
  return remembered.get(key)
}

export function createState(modes) {
  return {
    mode: modes[0].name,
    own: Object.fromEntries(modes.map((mode) => [mode.name, mode.settings?.() ?? {}])),
    given: {}, // what the script passed last, to tell a new wish of its from the user's
    view: fittedView(),
    layers: new Map(), // layer key → {visible, opacity}
    off: new Set(), // classes that are not shown
    thresholds: new Map(), // key of a layer of values → value below which labels are unsure
    looks: new Map(), // key of a layer of values → how it is coloured, see layers/values.js
    marker: null,
    tool: null, // the name of the one that is in use
    sketches: Object.fromEntries(TOOLS.map(({ name }) => [name, emptySketch()])),
    goal: null, // what is to be seen once there is a pane: see `viewOf` in view.js
    frame: null, // the number of the chosen one; null follows the newest
  }
}

// The user's choices win until the script passes another value than it did before.
export function adopt(state, data, modes) {
  const isNew = (name, value) => {
    const text = JSON.stringify(value)
    const changed = state.given[name] !== text
    state.given[name] = text
    return changed
  }
  if (isNew("mode", data.mode)) state.mode = data.mode
  if (isNew("size", data.size)) state.view.fit = true
  if (isNew("image", data.image.digest)) forget(state)
  if (isNew("classes", data.classes.map(({ name }) => name))) state.off.clear()
  adoptPlaces(state, data, isNew)
  for (const layer of data.layers) adoptLayer(state, layer, isNew)
  fitModes(state, data.layers, modes)
}

// What belonged to another picture.
function forget(state) {
  state.marker = null
  for (const { name } of TOOLS) state.sketches[name] = emptySketch()
}

function adoptPlaces(state, { image, at, rectangle }, isNew) {
  if (isNew("at", [image.digest, at]) && at) state.goal = at
  if (isNew("rectangle", rectangle)) adoptRectangle(state, rectangle?.box)
}

// The one that the script knows of, unless another is being drawn.
function adoptRectangle({ sketches }, box) {
  if (sketches.rectangle.isOpen) return
  sketches.rectangle = box ? { points: pointsOf(box), isOpen: false } : emptySketch()
}

function adoptLayer(state, { key, visible, opacity, threshold, range, look }, isNew) {
  if (look && isNew(`look ${key}`, [range, look])) state.looks.set(key, look)
  if (isNew(`layer ${key}`, [visible, opacity])) state.layers.set(key, { visible, opacity })
  if (threshold && isNew(`threshold ${key}`, threshold)) state.thresholds.set(key, threshold.start)
}

// To the layers there are.
function fitModes(state, layers, modes) {
  const keys = layers.map(({ key }) => key)
  const visible = keys.filter((key) => state.layers.get(key).visible)
  const labels = layers.filter(({ kind }) => kind === "labels").map(({ key }) => key)
  for (const mode of modes) mode.adopt?.(state.own[mode.name], { keys, visible, labels })
  const possible = modes.filter((mode) => isPossible(mode, keys.map((key) => labels.includes(key))))
  if (!possible.some(({ name }) => name === state.mode)) state.mode = possible[0].name
}

export function showLayer(state, mode, key, visible) {
  state.layers.get(key).visible = visible
  if (visible) mode.onShow?.(state.own[mode.name], key)
}

// A choice of the mode's own: what is chosen is to be seen.
export function pick(state, mode, name, key) {
  state.own[mode.name][name] = key
  const { showsLayer = true } = mode.picks.find((menu) => menu.name === name)
  if (key !== IMAGE && showsLayer) state.layers.get(key).visible = true
}

export function toggleClass(state, index) {
  if (!state.off.delete(index)) state.off.add(index)
}

// Only this class of `count`; a second time, all again.
export function isolateClass(state, index, count) {
  const others = Array.from({ length: count }, (_, i) => i).filter((i) => i !== index)
  const already = others.every((i) => state.off.has(i)) && !state.off.has(index)
  state.off = new Set(already ? [] : others)
}
