// One label layer against another: hits, false alarms and misses over the image.

import { DifferenceLayer } from "../layers/difference.js"

export const difference = {
  name: "difference",
  letter: "d",
  title: "Difference",
  needsLayers: true,
  needsLabels: 2,
  captions: true,
  crosshair: false,
  picks: [
    { name: "first", label: "Layer that is judged", labelsOnly: true, showsLayer: false },
    { name: "second", label: "Reference", labelsOnly: true, showsLayer: false },
  ],

  settings: () => ({ first: null, second: null, opacity: 0.8 }),

  adopt(own, { labels }) {
    if (!labels.includes(own.first)) own.first = labels.find((key) => key !== own.second) ?? null
    if (!labels.includes(own.second)) own.second = labels.find((key) => key !== own.first) ?? null
  },

  shown: ({ own }, name) => own[name],

  // Of layers that are switched off elsewhere too: they are not drawn, but compared.
  panes({ image, layers, own }) {
    const [first, second] = [own.first, own.second].map((wanted) =>
      layers.find(({ layer }) => layer.key === wanted)?.layer)
    const pane = { key: "difference", title: image.layer.title, picks: ["first", "second"] }
    if (!first || !second) return [{ ...pane, stack: [image] }]
    const layer = new DifferenceLayer(first, second)
    const stack = [image, { layer, visible: true, opacity: own.opacity }]
    return [{ ...pane, stack, reads: [first, second, layer] }]
  },
}
