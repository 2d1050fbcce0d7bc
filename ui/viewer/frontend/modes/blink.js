// One pane that shows two layers in turn: what changes jumps to the eye.

import { IMAGE } from "../state.js"
import { partOf, shownKey } from "./shown.js"

// Slower than the three flashes a second that may harm (WCAG 2.3.1).
const TURN_MS = 700

const isCalm = () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false

export const blink = {
  name: "blink",
  letter: "b",
  title: "Blink",
  needsLayers: true,
  captions: true,
  crosshair: false,
  picks: [
    { name: "first", label: "Shown first", image: true },
    { name: "second", label: "Shown in turn with it", image: true },
  ],
  timer: {
    ms: TURN_MS,
    isOn: (own) => !own.paused,
    turn(own) {
      own.now = own.now === "first" ? "second" : "first"
    },
    pause(own) {
      own.paused = !own.paused
    },
  },

  settings: () => ({ first: null, second: IMAGE, now: "first", paused: isCalm() }),

  adopt(own, { keys, visible }) {
    if (!keys.includes(own.first) && own.first !== IMAGE) own.first = visible[0] ?? keys[0] ?? null
    if (!keys.includes(own.second)) own.second = IMAGE
  },

  onShow(own, key) {
    if (own.first !== key) own.second = key
  },

  shown: (scene, name) => shownKey(scene, scene.own[name]),

  panes(scene) {
    const { image, own } = scene
    const part = partOf(scene, own[own.now])
    const pane = { key: "blink", title: (part ?? image).layer.title, picks: ["first", "second"] }
    return [{ ...pane, now: own.now, stack: part ? [image, part] : [image] }]
  },
}
