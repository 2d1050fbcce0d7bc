// One canvas with its caption, and the marks over it: pointer, pixel box, pin.

import { el } from "../dom.js"
import { Scroll } from "./scroll.js"
import { SketchView } from "./sketch_view.js"

const PIXEL_BOX_FROM = 6 // CSS pixels: smaller, a box around a pixel is only in the way

export class Pane {
  constructor(key) {
    this.key = key
    this.canvas = el("canvas", {
      tabindex: 0,
      role: "application",
      "data-testid": "viewer-canvas",
    })
    this.context = this.canvas.getContext("2d")
    this.scroll = new Scroll()
    this.hairs = [el("div", { class: "hair vertical" }), el("div", { class: "hair horizontal" })]
    this.box = el("div", { class: "pixel-box" })
    this.pin = el("div", { class: "pin" })
    this.sketch = new SketchView()
    this.picture = el("div", { class: "picture" }, this.canvas, this.sketch.element, ...this.hairs,
      this.box, this.pin)
    this.caption = el("figcaption")
    this.element = el("figure", { class: "pane" }, this.caption, this.picture)
    this.reported = null
    this.device = [0, 0]
    this.extent = [0, 0]
  }

  // `device`: the canvas in device pixels as the browser reported it laid out; where it reported for
  // another ratio (that has just changed, or is emulated), by its rule: edges are rounded.
  measure(ratio) {
    const { left, top, right, bottom } = this.canvas.getBoundingClientRect()
    const round = (at) => Math.round(at * ratio)
    const sides = [round(right) - round(left), round(bottom) - round(top)]
    const isOurs = this.reported?.every((length, axis) => Math.abs(length - sides[axis]) <= 1)
    this.device = isOurs ? this.reported : sides
    this.extent = this.device.map((length) => length / ratio)
  }

  // Where on the pane a pointer is, in CSS pixels.
  pointOf({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect()
    return [clientX - left, clientY - top]
  }

  // The device pixel that a pointer is on: the browser puts a canvas on whole ones.
  devicePixelOf({ clientX, clientY }, ratio) {
    const { left, top } = this.canvas.getBoundingClientRect()
    const along = (at, from) => Math.floor(at * ratio - Math.round(from * ratio) + 0.001)
    return [along(clientX, left), along(clientY, top)]
  }

  draw(stack, place, legend) {
    const { canvas, device } = this
    const isSized = canvas.width === device[0] && canvas.height === device[1]
    if (!isSized) [canvas.width, canvas.height] = device
    const what = [legend, ...stack.flatMap(({ layer, opacity, from, to }) =>
      [layer, opacity, from, to])]
    const strips = (isSized && this.scroll.strips(this.context, what, place)) || [[0, 0, ...device]]
    for (const strip of strips) this.drawStrip(strip, stack, place, legend)
    this.scroll.keep(what, place)
  }

  // All of it is drawn anew next time: tiles have come.
  forget() {
    this.scroll.keep(null, null)
  }

  drawStrip([left, top, right, bottom], stack, place, legend) {
    const { context, device } = this
    context.clearRect(left, top, right - left, bottom - top)
    for (const { layer, opacity, from = 0, to = 1 } of stack) {
      const start = Math.max(left, Math.round(from * device[0]))
      const end = Math.min(right, Math.round(to * device[0]))
      if (start >= end) continue
      context.save()
      context.beginPath()
      context.rect(start, top, end - start, bottom - top)
      context.clip()
      context.globalAlpha = opacity
      layer.draw({ context, ...place, clip: [start, top, end, bottom] }, legend)
      context.restore()
    }
  }

  // `at(x, y)`: where a point of the image is on the pane. `step`: image pixels per pixel that was
  // sent; the box frames what is seen as one pixel.
  showPointer(at, cursor, withHairs, [stepX, stepY]) {
    const [vertical, horizontal] = this.hairs
    vertical.hidden = horizontal.hidden = !(cursor && withHairs)
    this.box.hidden = !cursor
    if (!cursor) return
    const [x, y] = at(cursor.x + 0.5, cursor.y + 0.5)
    vertical.style.transform = `translateX(${x}px)`
    horizontal.style.transform = `translateY(${y}px)`
    const first = (position, step) => Math.floor((position + 0.5) / step) * step
    const corner = [first(cursor.x, stepX), first(cursor.y, stepY)]
    const [left, top] = at(...corner)
    const [right, bottom] = at(corner[0] + stepX, corner[1] + stepY)
    this.box.hidden = right - left < PIXEL_BOX_FROM
    this.box.style.width = `${right - left}px`
    this.box.style.height = `${bottom - top}px`
    this.box.style.transform = `translate(${left}px, ${top}px)`
  }

  showMarker(at, marker) {
    this.pin.hidden = !marker
    if (!marker) return
    const [x, y] = at(marker.x + 0.5, marker.y + 0.5)
    this.pin.style.transform = `translate(${x}px, ${y}px)`
  }
}
