// Pointer, wheel and touch on a canvas, turned into what the viewer can do.

import { clamp } from "../view.js"

const DOUBLE_CLICK_MS = 250

const eventAt = ({ x, y }) => ({ clientX: x, clientY: y })

// A pointer may be between device pixels, a picture never: dragged by whole ones it stays under it.
function onGrid(at) {
  const ratio = window.devicePixelRatio || 1
  return Math.floor(at * ratio + 0.001) / ratio
}

export class Gestures {
  // `on`: hover(event), leave(), pan(dx, dy), zoom(event, factor), pixel(event) → pixel or null,
  // select(pixel), key(event), keyUp(event), blur(), wheelRefused(); of a tool: draws() → whether one
  // is in use, point(event), end(). An event need only have clientX and clientY.
  constructor(canvas, on) {
    this.canvas = canvas
    this.on = on
    this.pointers = new Map() // pointers that are down: two of them are a pinch
    this.dragged = false
    this.drawing = false // with a tool, by dragging
    this.tapped = null
    this.tapTimer = 0
    const listen = (name, handler, options) => canvas.addEventListener(name, handler, options)
    listen("pointerdown", (event) => this.down(event))
    listen("pointermove", (event) => this.move(event))
    listen("pointerup", (event) => this.up(event))
    listen("pointercancel", (event) => this.drop(event))
    // A finger leaves as soon as it is lifted; what it pointed at is still to be read then.
    listen("pointerleave", (event) => event.pointerType === "touch" || on.leave())
    listen("wheel", (event) => this.wheel(event), { passive: false })
    listen("keydown", (event) => on.key(event))
    listen("keyup", (event) => on.keyUp(event))
    listen("blur", () => {
      canvas.classList.remove("pointed")
      on.blur()
    })
  }

  down(event) {
    if (event.button !== 0) return
    this.canvas.classList.add("pointed")
    this.canvas.focus({ preventScroll: true })
    this.canvas.setPointerCapture(event.pointerId)
    if (this.pointers.size === 0) {
      this.dragged = this.pinched = false
      this.start = { x: event.clientX, y: event.clientY }
    } else {
      this.dragged = this.pinched = true
    }
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    this.on.hover(event)
  }

  move(event) {
    const before = this.pointers.get(event.pointerId)
    if (!before) return this.on.hover(event)
    if (!this.dragged && !this.isFar(event)) return
    this.dragged = true
    const draws = this.on.draws()
    if (!draws) this.canvas.classList.add("dragging")
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId)
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    if (others.length > 0) this.pinch(before, this.pointers.get(event.pointerId), others[0][1])
    else if (draws) this.stroke()
    else this.on.pan(onGrid(event.clientX) - onGrid(before.x), onGrid(event.clientY) - onGrid(before.y))
    this.on.hover(event)
  }

  // With a tool a drag draws, from where the pointer went down.
  stroke() {
    if (!this.drawing && !this.pinched) this.on.point(eventAt(this.start))
    this.drawing = !this.pinched
  }

  isFar({ clientX, clientY, pointerType }) {
    const slack = pointerType === "mouse" ? 4 : 10
    return Math.hypot(clientX - this.start.x, clientY - this.start.y) > slack
  }

  pinch(before, now, other) {
    const span = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y))
    const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 }
    this.on.pan((now.x - before.x) / 2, (now.y - before.y) / 2)
    this.on.zoom(middle, span(now) / span(before))
  }

  up(event) {
    const wasDown = this.pointers.has(event.pointerId)
    this.drop(event)
    if (wasDown && this.drawing) this.on.point(event)
    this.drawing = false
    if (wasDown && !this.dragged && this.pointers.size === 0) this.tap(event)
  }

  drop(event) {
    this.pointers.delete(event.pointerId)
    if (this.pointers.size === 0) this.canvas.classList.remove("dragging")
  }

  // A click reruns the script, so it waits to see that it is not half of a double click.
  tap(event) {
    if (this.on.draws()) return this.tapPoint(event)
    if (this.tapTimer) {
      clearTimeout(this.tapTimer)
      this.tapTimer = 0
      this.on.zoom(event, event.shiftKey ? 0.5 : 2)
      return
    }
    const pixel = this.on.pixel(event)
    this.tapTimer = setTimeout(() => {
      this.tapTimer = 0
      this.on.select(pixel)
    }, DOUBLE_CLICK_MS)
  }

  // A point at once; the second half of a double click, in the same place, ends.
  tapPoint(event) {
    const { tapped } = this
    const isSecond = tapped && event.timeStamp - tapped.timeStamp < DOUBLE_CLICK_MS &&
      Math.hypot(event.clientX - tapped.clientX, event.clientY - tapped.clientY) < 12
    this.tapped = isSecond ? null : event
    if (isSecond) this.on.end()
    else this.on.point(event)
  }

  wheel(event) {
    const withKey = event.ctrlKey || event.metaKey
    if (!withKey && this.canvas.getRootNode().activeElement !== this.canvas) {
      this.on.wheelRefused()
      return // the page scrolls
    }
    event.preventDefault()
    const pixels = event.deltaMode === 1 ? event.deltaY * 32 : event.deltaY
    // A pinch on a trackpad arrives as a wheel with Ctrl in far smaller steps than a mouse's.
    const speed = event.ctrlKey && Math.abs(pixels) < 40 ? 0.01 : 0.0018
    this.on.zoom(event, Math.exp(-clamp(pixels, -300, 300) * speed))
  }

  cancel() {
    clearTimeout(this.tapTimer)
  }
}
