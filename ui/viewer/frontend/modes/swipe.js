// One pane, one layer left and one right of a divider that is dragged.

import { IMAGE } from "../state.js"
import { clamp } from "../view.js"
import { partOf, shownKey } from "./shown.js"

export const swipe = {
  name: "swipe",
  letter: "w",
  title: "Swipe",
  needsLayers: true,
  captions: true,
  crosshair: false,
  picks: [
    { name: "left", label: "Left of the divider", image: true },
    { name: "right", label: "Right of the divider", image: true },
  ],
  divider: {
    label: "Divider between left and right",
    at: (own) => own.divider,
    move(own, part) {
      own.divider = clamp(part, 0, 1)
    },
  },

  settings: () => ({ divider: 0.5, left: IMAGE, right: null }),

  adopt(own, { keys, visible }) {
    if (!keys.includes(own.left)) own.left = IMAGE
    if (!keys.includes(own.right)) own.right = visible[0] ?? keys[0] ?? null
  },

  // A layer is seen on one of two sides only, so one that is switched on goes to the right.
  onShow(own, key) {
    if (own.left !== key) own.right = key
  },

  shown: (scene, name) => shownKey(scene, scene.own[name]),

  panes(scene) {
    const { image, own } = scene
    const half = (key, cut) => {
      const part = partOf(scene, key)
      return part ? [{ ...part, ...cut }] : []
    }
    const left = half(own.left, { to: own.divider })
    const right = half(own.right, { from: own.divider })
    const stack = [image, ...left, ...right]
    return [{ key: "swipe", title: image.layer.title, stack, picks: ["left", "right"] }]
  },
}
