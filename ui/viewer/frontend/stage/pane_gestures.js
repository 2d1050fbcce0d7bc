// What gestures on a pane do to the viewer.

import { pixelAt, pointAt, zoomAt } from "../view.js"

// What `Gestures` needs.
export function gesturesOf(viewer, pane) {
  const pixel = (event) =>
    pixelAt(viewer.place, viewer.data.size, pane.devicePixelOf(event, viewer.stage.ratio))
  const point = (event) =>
    pointAt(viewer.place, viewer.data.size, pane.devicePixelOf(event, viewer.stage.ratio))
  const hover = (event) => {
    if (viewer.tool) viewer.aim = point(event)
    viewer.hover(pixel(event))
  }
  return {
    hover,
    pixel,
    leave: () => viewer.hover(null),
    pan: (dx, dy) => viewer.pan(dx, dy),
    zoom: (event, factor) => {
      const under = pane.pointOf(event)
      viewer.look(zoomAt(viewer.state.view, factor, under, viewer.data.size, pane.extent))
      hover(event)
    },
    draws: () => Boolean(viewer.tool),
    point: (event) => viewer.setPoint(point(event)),
    end: () => viewer.sketch.isOpen && viewer.endTool(),
    select: (at) => viewer.select(at),
    key: (event) => viewer.keyboard.down(event),
    keyUp: (event) => viewer.keyboard.up(event),
    blur: () => viewer.keyboard.releaseAll(),
    wheelRefused: () => viewer.stage.hint(),
  }
}
