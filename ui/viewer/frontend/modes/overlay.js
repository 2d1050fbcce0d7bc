// All visible layers over the image, on one pane.

export const overlay = {
  name: "overlay",
  letter: "o",
  title: "Overlay",
  needsLayers: false,
  captions: false,
  crosshair: false,

  panes({ image, layers }) {
    const stack = [image, ...layers.filter(({ visible }) => visible)]
    return [{ key: "overlay", title: image.layer.title, stack }]
  },
}
