// The image and each visible layer on a pane of its own, all with the same view.

const MAX_LAYERS = 3

export const side = {
  name: "side",
  title: "Side by side",
  needsLayers: true,
  captions: true,
  crosshair: true,

  panes({ image, layers }) {
    const beside = layers.filter(({ visible }) => visible).slice(0, MAX_LAYERS)
    const pane = (part) => {
      const stack = part === image ? [image] : [image, part]
      return { key: part.layer.key, title: part.layer.title, stack }
    }
    return [image, ...beside].map(pane)
  },
}
