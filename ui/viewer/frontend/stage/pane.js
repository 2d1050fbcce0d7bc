// One canvas with its caption, and the marks over it: pointer, pixel box, pin.

import { el } from "../dom.js"
import { toScreen } from "../view.js"

const PIXEL_BOX_FROM = 6 // CSS pixels: smaller, a box around a pixel is only in the way

export class Pane {
  constructor(key) {
    this.key = key
    this.canvas = el("canvas", {
      tabindex: 0,
      role: "application",
      "data-testid": "viewer-canvas",
      "data-pane": key,
    })
    this.context = this.canvas.getContext("2d")
    this.hairs = [el("div", { class: "hair vertical" }), el("div", { class: "hair horizontal" })]
    this.box = el("div", { class: "pixel-box" })
    this.pin = el("div", { class: "pin" })
    this.picture = el("div", { class: "picture" }, this.canvas, ...this.hairs, this.box, this.pin)
    this.caption = el("figcaption")
    this.element = el("figure", { class: "pane" }, this.caption, this.picture)
    this.extent = [0, 0]
  }

  measure() {
    this.extent = [this.picture.clientWidth, this.picture.clientHeight]
  }

  // Where on the pane a pointer is.
  pointOf({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect()
    return [clientX - left, clientY - top]
  }

  draw(stack, size, view, legend) {
    const { canvas, context } = this
    const ratio = window.devicePixelRatio || 1
    const [width, height] = this.extent.map((length) => Math.round(length * ratio))
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width // also clears
      canvas.height = height
    }
    context.clearRect(0, 0, width, height)
    const [left, top] = toScreen(view, this.extent, [0, 0]).map((at) => Math.round(at * ratio))
    const scale = view.zoom * ratio
    const surface = { context, left, top, width: size[0] * scale, height: size[1] * scale, ratio }
    for (const { layer, opacity, from = 0, to = 1 } of stack) {
      const [start, end] = [Math.round(from * width), Math.round(to * width)]
      context.save()
      context.beginPath()
      context.rect(start, 0, end - start, height)
      context.clip()
      context.globalAlpha = opacity
      layer.draw(surface, legend)
      context.restore()
    }
    canvas.classList.toggle("fits", view.fit)
  }

  // `step`: image pixels per pixel that was sent; the box frames what is seen as one pixel.
  showPointer(view, cursor, withHairs, [stepX, stepY]) {
    const [vertical, horizontal] = this.hairs
    vertical.hidden = horizontal.hidden = !(cursor && withHairs)
    this.box.hidden = !cursor || view.zoom * stepX < PIXEL_BOX_FROM
    if (!cursor) return
    const [x, y] = toScreen(view, this.extent, [cursor.x + 0.5, cursor.y + 0.5])
    vertical.style.transform = `translateX(${x}px)`
    horizontal.style.transform = `translateY(${y}px)`
    const first = (position, step) => Math.floor((position + 0.5) / step) * step
    const corner = [first(cursor.x, stepX), first(cursor.y, stepY)]
    const [left, top] = toScreen(view, this.extent, corner)
    this.box.style.width = `${view.zoom * stepX}px`
    this.box.style.height = `${view.zoom * stepY}px`
    this.box.style.transform = `translate(${left}px, ${top}px)`
  }

  showMarker(view, marker) {
    this.pin.hidden = !marker
    if (!marker) return
    const [x, y] = toScreen(view, this.extent, [marker.x + 0.5, marker.y + 0.5])
    this.pin.style.transform = `translate(${x}px, ${y}px)`
  }
}
