// Up to four panes with the same view. At first the image and each layer that is shown has one; once
// a pane was chosen, each shows what was chosen for it.

import { IMAGE } from "../state.js"
import { partOf, shownKey } from "./shown.js"

const MOST = 4
const NAMES = Array.from({ length: MOST }, (_, i) => `pane${i}`)

// The keys of what the panes show, from left to right.
function keysOf({ image, layers, own }) {
  if (own.count) return NAMES.slice(0, own.count).map((name) => own[name])
  const visible = layers.filter((part) => part.visible).map(({ layer }) => layer.key)
  return [image.layer.key, ...visible].slice(0, MOST)
}

function keep(own, keys) {
  own.count = keys.length
  keys.forEach((key, i) => (own[NAMES[i]] = key))
}

export const side = {
  name: "side",
  letter: "s",
  title: "Side by side",
  needsLayers: true,
  captions: true,
  crosshair: true,
  counts: [2, 3, 4],
  picks: NAMES.map((name, i) => ({ name, label: `Pane ${i + 1}`, image: true })),

  settings: () => ({ count: null }),

  adopt(own, { keys }) {
    const known = [IMAGE, ...keys]
    if (!NAMES.slice(0, own.count ?? 0).every((name) => known.includes(own[name]))) own.count = null
  },

  // A layer that is switched on is to be seen.
  onShow(own, key) {
    const names = NAMES.slice(0, own.count ?? 0)
    if (own.count && !names.some((name) => own[name] === key)) own[names.at(-1)] = key
  },

  onPick: (scene) => keep(scene.own, keysOf(scene)),

  count: (scene) => keysOf(scene).length,

  // Changes how many there are; new ones show layers that no pane shows yet, whose keys it returns.
  setCount(scene, count) {
    const keys = keysOf(scene)
    const others = scene.layers.map(({ layer }) => layer.key).filter((key) => !keys.includes(key))
    const added = others.slice(0, Math.max(0, count - keys.length))
    const images = Array.from({ length: count }, () => scene.image.layer.key)
    keep(scene.own, [...keys, ...added, ...images].slice(0, count))
    return added
  },

  shown: (scene, name) => shownKey(scene, keysOf(scene)[NAMES.indexOf(name)]),

  panes(scene) {
    return keysOf(scene).map((key, i) => {
      const part = partOf(scene, key)
      const { layer } = part ?? scene.image
      const stack = part ? [scene.image, part] : [scene.image]
      return { key: NAMES[i], shows: layer.key, title: layer.title, stack, picks: [NAMES[i]] }
    })
  },
}
