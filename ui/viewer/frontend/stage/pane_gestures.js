// What gestures on a pane do to the viewer.

import { pixelAt, zoomAt } from "../view.js"

// What `Gestures` needs.
export function gesturesOf(viewer, pane) {
  const pixel = (event) =>
    pixelAt(viewer.place, viewer.data.size, pane.devicePixelOf(event, viewer.stage.ratio))
  const hover = (event) => viewer.hover(pixel(event))
  return {
    hover,
    pixel,
    leave: () => viewer.hover(null),
    pan: (dx, dy) => viewer.pan(dx, dy),
    zoom: (event, factor) => {
      const point = pane.pointOf(event)
      viewer.look(zoomAt(viewer.state.view, factor, point, viewer.data.size, pane.extent))
      hover(event)
    },
    select: (at) => viewer.select(at),
    key: (event) => viewer.keyboard.down(event),
    keyUp: (event) => viewer.keyboard.up(event),
    blur: () => viewer.keyboard.releaseAll(),
    wheelRefused: () => viewer.stage.hint(),
  }
}
