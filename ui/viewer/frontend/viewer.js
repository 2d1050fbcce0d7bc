// The compare viewer: draws an image and the layers over it on canvases, all in the browser.
//
// Lengths named x, y, cx, cy are in pixels of the full-resolution image; zoom is CSS pixels per
// image pixel. What was sent may be smaller (see encode.py), so pictures are always drawn
// stretched to the full-resolution size.

const VOID = 255
const MAX_ZOOM = 64
const SMOOTH_UNTIL = 2 // magnified more than this, a pixel is to be seen as a pixel
const PIXEL_BOX_FROM = 6
const BUTTON_STEP = 1.5
const DOUBLE_CLICK_MS = 250
const MAX_SIDE_LAYERS = 3
const GAP = 8
const CAPTION = 28
const IMAGE = "image"
const MODES = { overlay: "Overlay", swipe: "Swipe", side: "Side by side" }

const viewers = new WeakMap() // parentElement → Viewer: Streamlit calls us again on every change
const remembered = new Map() // viewer key → what the user set; outlives a remount (page change)

export default function ({ data, parentElement, setTriggerValue }) {
  let viewer = viewers.get(parentElement)
  if (!viewer) {
    viewer = new Viewer(parentElement)
    viewers.set(parentElement, viewer)
  }
  viewer.update(data, (pixel) => setTriggerValue("click", pixel))
  // Streamlit calls only the latest of these, and only when the element goes away.
  return () => {
    viewers.delete(parentElement)
    viewer.destroy()
  }
}

// ---- small tools ----

function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, "")
    else if (value !== false && value != null) element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value))

const cssColor = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`

function swatch(color) {
  const element = el("span", { class: "swatch", "aria-hidden": "true" })
  if (color) element.style.setProperty("--swatch", cssColor(color))
  else element.classList.add("void")
  return element
}

// Drawn, because few fonts have the sign for full screen.
function cornersIcon() {
  const holder = el("span", { class: "icon" })
  holder.innerHTML = `<svg viewBox="0 0 14 14" width="14" height="14" fill="none"
    stroke="currentColor" stroke-width="1.5"><path d="M1 5V1h4M9 1h4v4M13 9v4H9M5 13H1V9"/></svg>`
  return holder
}

// ---- decoding ----

function unpacked(src) {
  const [head, body] = src.split(",", 2)
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))
  return new Blob([bytes], { type: head.slice(5, head.indexOf(";")) })
}

async function decodeBitmap({ digest, src }, files) {
  const blob = src.startsWith("data:") ? unpacked(src) : await files.get(digest, src)
  // Nothing may touch the values: in a label mask they are class indices.
  return createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" })
}

class Picture {
  constructor(bitmap) {
    this.source = bitmap
    this.width = bitmap.width
    this.height = bitmap.height
  }

  close() {
    this.source.close()
  }
}

// A label mask: keeps the indices and paints them with the class colours when those change.
class LabelPicture {
  constructor(bitmap) {
    this.width = bitmap.width
    this.height = bitmap.height
    this.source = el("canvas", { width: bitmap.width, height: bitmap.height })
    this.context = this.source.getContext("2d", { willReadFrequently: true })
    this.context.drawImage(bitmap, 0, 0)
    bitmap.close()
    this.painted = this.context.getImageData(0, 0, this.width, this.height)
    this.indices = new Uint8Array(this.width * this.height)
    for (let i = 0; i < this.indices.length; i++) this.indices[i] = this.painted.data[4 * i]
    this.table = null
  }

  paint(table) {
    if (this.table === table) return
    this.table = table
    const out = new Uint32Array(this.painted.data.buffer)
    for (let i = 0; i < out.length; i++) out[i] = table[this.indices[i]]
    this.context.putImageData(this.painted, 0, 0)
  }

  at(x, y, size) {
    const column = Math.floor(((x + 0.5) * this.width) / size[0])
    const row = Math.floor(((y + 0.5) * this.height) / size[1])
    return this.indices[row * this.width + column]
  }

  close() {
    this.source.width = this.source.height = 0 // gives the memory back at once
  }
}

// 256 colours as the 32-bit words of canvas memory; what is void, off or unknown is transparent.
function colorTable(classes, off) {
  const table = new Uint32Array(256)
  const bytes = new Uint8Array(table.buffer)
  classes.forEach(({ color }, index) => {
    if (index !== VOID && !off.has(index)) bytes.set([...color, 255], 4 * index)
  })
  return table
}

// ---- what the user set ----

function stateFor(key) {
  if (!remembered.has(key)) {
    remembered.set(key, {
      mode: "overlay",
      given: {}, // what the script passed last, to tell a new wish of its from the user's
      view: { fit: true, zoom: 1, cx: 0, cy: 0 },
      divider: 0.5,
      left: IMAGE,
      right: null,
      layers: new Map(), // layer key → {visible, opacity}
      off: new Set(),
      marker: null,
      frame: null, // the number of the chosen one; null follows the newest
    })
  }
  return remembered.get(key)
}

function adopt(state, data) {
  const isNew = (name, value) => {
    const text = JSON.stringify(value)
    const changed = state.given[name] !== text
    state.given[name] = text
    return changed
  }
  if (isNew("mode", data.mode)) state.mode = data.mode
  if (isNew("size", data.size)) state.view.fit = true
  if (isNew("image", data.image.digest)) state.marker = null
  if (isNew("classes", data.classes.map(({ name }) => name))) state.off.clear()
  for (const { key, visible, opacity } of data.layers) {
    if (isNew(`layer ${key}`, [visible, opacity])) state.layers.set(key, { visible, opacity })
  }
  const keys = data.layers.map(({ key }) => key)
  if (!keys.includes(state.left)) state.left = IMAGE
  if (!keys.includes(state.right)) {
    state.right = keys.find((key) => state.layers.get(key).visible) ?? keys[0] ?? null
  }
  if (!keys.length) state.mode = "overlay"
}

// ---- one canvas with its caption ----

class Pane {
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
  }

  measure() {
    this.width = this.picture.clientWidth
    this.height = this.picture.clientHeight
  }

  toImage(view, clientX, clientY) {
    const box = this.canvas.getBoundingClientRect()
    return {
      x: view.cx + (clientX - box.left - this.width / 2) / view.zoom,
      y: view.cy + (clientY - box.top - this.height / 2) / view.zoom,
    }
  }

  toScreen(view, x, y) {
    return [(x - view.cx) * view.zoom + this.width / 2, (y - view.cy) * view.zoom + this.height / 2]
  }

  begin() {
    const ratio = window.devicePixelRatio || 1
    const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)]
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width // also clears
      this.canvas.height = height
    }
    this.ratio = ratio
    this.context.setTransform(1, 0, 0, 1, 0, 0)
    this.context.clearRect(0, 0, width, height)
  }

  // Draws between two fractions of the width, so that swipe can show two things on one canvas.
  draw(picture, size, view, { opacity = 1, from = 0, to = 1 } = {}) {
    const { context, canvas, ratio } = this
    const [left, top] = this.toScreen(view, 0, 0)
    const seam = [Math.round(from * canvas.width), Math.round(to * canvas.width)]
    const magnified = (view.zoom * ratio * size[0]) / picture.width
    const isLabels = picture instanceof LabelPicture
    context.save()
    context.beginPath()
    context.rect(seam[0], 0, seam[1] - seam[0], canvas.height)
    context.clip()
    context.globalAlpha = opacity
    // Labels are never smoothed: that would invent colours that stand for no class.
    context.imageSmoothingEnabled = !isLabels && magnified <= SMOOTH_UNTIL * ratio
    context.imageSmoothingQuality = "high"
    context.drawImage(
      picture.source,
      Math.round(left * ratio),
      Math.round(top * ratio),
      size[0] * view.zoom * ratio,
      size[1] * view.zoom * ratio,
    )
    context.restore()
  }

  // `step`: image pixels per pixel that was sent; the box frames what is seen as one pixel.
  showPointer(view, cursor, withHairs, [stepX, stepY]) {
    const [vertical, horizontal] = this.hairs
    vertical.hidden = horizontal.hidden = !(cursor && withHairs)
    this.box.hidden = !cursor || view.zoom * stepX < PIXEL_BOX_FROM
    if (!cursor) return
    const [x, y] = this.toScreen(view, cursor.x + 0.5, cursor.y + 0.5)
    vertical.style.transform = `translateX(${x}px)`
    horizontal.style.transform = `translateY(${y}px)`
    const first = (position, step) => Math.floor((position + 0.5) / step) * step
    const [left, top] = this.toScreen(view, first(cursor.x, stepX), first(cursor.y, stepY))
    this.box.style.width = `${view.zoom * stepX}px`
    this.box.style.height = `${view.zoom * stepY}px`
    this.box.style.transform = `translate(${left}px, ${top}px)`
  }

  showMarker(view, marker) {
    this.pin.hidden = !marker
    if (!marker) return
    const [x, y] = this.toScreen(view, marker.x + 0.5, marker.y + 0.5)
    this.pin.style.transform = `translate(${x}px, ${y}px)`
  }
}

// ---- pointer, wheel and touch on a pane ----

class Gestures {
  constructor(pane, viewer) {
    this.pane = pane
    this.viewer = viewer
    this.pointers = new Map() // pointers that are down: two of them are a pinch
    this.dragged = false
    this.tapTimer = 0
    const { canvas } = pane
    const on = (name, handler, options) => canvas.addEventListener(name, handler, options)
    on("pointerdown", (event) => this.down(event))
    on("pointermove", (event) => this.move(event))
    on("pointerup", (event) => this.up(event))
    on("pointercancel", (event) => this.drop(event))
    // A finger leaves as soon as it is lifted; what it pointed at is still to be read then.
    on("pointerleave", (event) => event.pointerType === "touch" || viewer.hover(null))
    on("wheel", (event) => this.wheel(event), { passive: false })
    on("keydown", (event) => viewer.key(event, pane))
    on("keyup", (event) => event.key.toLowerCase() === "h" && viewer.peek(false))
    on("blur", () => {
      canvas.classList.remove("pointed")
      viewer.peek(false)
    })
  }

  down(event) {
    if (event.button !== 0) return
    this.pane.canvas.classList.add("pointed")
    this.pane.canvas.focus({ preventScroll: true })
    this.pane.canvas.setPointerCapture(event.pointerId)
    if (this.pointers.size === 0) {
      this.dragged = false
      this.start = { x: event.clientX, y: event.clientY }
    } else {
      this.dragged = true
    }
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    this.viewer.hoverAt(this.pane, event)
  }

  move(event) {
    const before = this.pointers.get(event.pointerId)
    if (!before) return this.viewer.hoverAt(this.pane, event)
    const slack = event.pointerType === "mouse" ? 4 : 10
    const far = Math.hypot(event.clientX - this.start.x, event.clientY - this.start.y) > slack
    if (!this.dragged && !far) return
    this.dragged = true
    this.pane.canvas.classList.add("dragging")
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId)
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    if (others.length === 0) {
      this.viewer.panBy(event.clientX - before.x, event.clientY - before.y)
    } else {
      this.pinch(before, this.pointers.get(event.pointerId), others[0][1])
    }
    this.viewer.hoverAt(this.pane, event)
  }

  pinch(before, now, other) {
    const span = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y))
    const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 }
    this.viewer.panBy((now.x - before.x) / 2, (now.y - before.y) / 2)
    this.viewer.zoomAt(this.pane, middle, span(now) / span(before))
  }

  up(event) {
    const wasDown = this.pointers.has(event.pointerId)
    this.drop(event)
    if (wasDown && !this.dragged && this.pointers.size === 0) this.tap(event)
  }

  drop(event) {
    this.pointers.delete(event.pointerId)
    if (this.pointers.size === 0) this.pane.canvas.classList.remove("dragging")
  }

  // A click reruns the script, so it waits to see that it is not half of a double click.
  tap(event) {
    if (this.tapTimer) {
      clearTimeout(this.tapTimer)
      this.tapTimer = 0
      this.viewer.zoomAt(this.pane, event, event.shiftKey ? 0.5 : 2)
      return
    }
    const pixel = this.viewer.pixelAt(this.pane, event)
    this.tapTimer = setTimeout(() => {
      this.tapTimer = 0
      this.viewer.select(pixel)
    }, DOUBLE_CLICK_MS)
  }

  wheel(event) {
    const withKey = event.ctrlKey || event.metaKey
    if (!withKey && this.pane.canvas.getRootNode().activeElement !== this.pane.canvas) {
      this.viewer.hint()
      return // the page scrolls
    }
    event.preventDefault()
    const pixels = event.deltaMode === 1 ? event.deltaY * 32 : event.deltaY
    // A pinch on a trackpad arrives as a wheel with Ctrl in far smaller steps than a mouse's.
    const speed = event.ctrlKey && Math.abs(pixels) < 40 ? 0.01 : 0.0018
    this.viewer.zoomAt(this.pane, event, Math.exp(-clamp(pixels, -300, 300) * speed))
  }

  cancel() {
    clearTimeout(this.tapTimer)
  }
}

// ---- the viewer ----

class Viewer {
  constructor(parent) {
    this.panes = []
    this.gestures = new Map()
    this.decoded = new Map() // digest → picture
    this.files = new Files()
    this.round = 0
    this.frame = 0
    this.cursor = null
    this.peeking = false
    this.build()
    parent.append(this.root)
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(this.stage)
  }

  destroy() {
    this.round++ // a decode under way finds itself outdated
    this.observer.disconnect()
    cancelAnimationFrame(this.frame)
    clearTimeout(this.hintTimer)
    this.frames.pause()
    this.files.keep([])
    this.gestures.forEach((gestures) => gestures.cancel())
    this.decoded.forEach((picture) => picture.close())
    this.root.remove()
  }

  async update(given, send) {
    this.send = send
    this.given = given
    const round = ++this.round
    this.root.style.setProperty("--stage-height", `${given.height}px`)
    this.followTheme()
    const wanted = stateFor(given.key).frame
    const data = { ...given, layers: given.layers.map((layer) => withFrame(layer, wanted)) }
    const pictures = [{ ...data.image, kind: IMAGE }, ...data.layers]
    if (pictures.some(({ digest }) => !this.decoded.has(digest))) {
      this.root.dataset.ready = "0"
      const decoded = await this.decode(pictures)
      if (round !== this.round) return decoded?.forEach((picture) => picture.close())
      if (!decoded) return this.fail()
      decoded.forEach((picture, digest) => this.decoded.set(digest, picture))
    }
    this.forget(pictures.map(({ digest }) => digest))
    this.files.keep([...pictures, ...given.layers.flatMap(({ frames }) => frames ?? [])])
    // From here on everything is at hand, so old and new are never mixed on the screen.
    this.data = data
    this.state = stateFor(data.key)
    adopt(this.state, data)
    if (this.cursor?.x >= data.size[0] || this.cursor?.y >= data.size[1]) this.cursor = null
    this.notice.hidden = true
    this.buildPanel()
    this.apply()
  }

  // The pictures not decoded yet, by digest; null where the browser could not read one.
  async decode(pictures) {
    const missing = pictures.filter(({ digest }) => !this.decoded.has(digest))
    const read = async (picture) => {
      const { digest, kind } = picture
      const bitmap = await decodeBitmap(picture, this.files)
      return [digest, kind === "labels" ? new LabelPicture(bitmap) : new Picture(bitmap)]
    }
    const unique = new Map(missing.map((picture) => [picture.digest, picture]))
    try {
      return new Map(await Promise.all([...unique.values()].map(read)))
    } catch (error) {
      console.error("compare viewer:", error)
      return null
    }
  }

  forget(needed) {
    for (const [digest, picture] of this.decoded) {
      if (needed.includes(digest)) continue
      picture.close()
      this.decoded.delete(digest)
    }
  }

  fail() {
    this.notice.textContent = "The browser could not read this picture. Reload the page to try again."
    this.notice.hidden = false
  }

  // Native controls (checkboxes, sliders, menus) need to be told what the theme is.
  followTheme() {
    const [r, g, b] = getComputedStyle(this.root).backgroundColor.match(/[\d.]+/g).map(Number)
    this.root.style.colorScheme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light"
  }

  // -- building --

  build() {
    const button = (id, text, label, action) =>
      el("button", { type: "button", "data-testid": `viewer-${id}`, title: label,
        "aria-label": label, onclick: action }, text)
    this.modeButtons = Object.fromEntries(
      Object.entries(MODES).map(([mode, text]) => [
        mode,
        el("button", { type: "button", "data-testid": `viewer-mode-${mode}`,
          onclick: () => this.change(() => (this.state.mode = mode)) }, text),
      ]),
    )
    this.zoomText = el("output", { class: "zoom", title: "Screen pixels per image pixel" })
    this.toolbar = el("div", { class: "toolbar" },
      el("div", { class: "group", role: "group", "aria-label": "How to compare" },
        ...Object.values(this.modeButtons)),
      el("div", { class: "zoomers" }, this.zoomText, el("div",
        { class: "group", role: "group", "aria-label": "Zoom" },
        button("zoom-out", "−", "Zoom out", () => this.zoomBy(1 / BUTTON_STEP)),
        button("zoom-in", "+", "Zoom in", () => this.zoomBy(BUTTON_STEP)),
        button("zoom-fit", "Fit", "Fit the image", () => this.fit()),
        button("zoom-one", "1:1", "One screen pixel per image pixel", () => this.one()),
        button("fullscreen", cornersIcon(), "Full screen", () => this.fullscreen()))),
    )
    this.notice = el("div", { class: "notice", role: "alert", hidden: true })
    this.hintText = el("div", { class: "hint", "aria-hidden": "true" })
    this.stage = el("div", { class: "stage" })
    this.stageBox = el("div", { class: "stage-box" }, this.stage, this.hintText, this.notice)
    this.frames = new FrameBar((number) => this.pickFrame(number))
    this.readout = el("div", { class: "readout", "data-testid": "viewer-readout" })
    this.panel = el("div", { class: "panel", hidden: true })
    this.buildDivider()
    this.root = el("div", { class: "viewer", "data-testid": "viewer-root", "data-ready": "0" },
      el("div", { class: "body" },
        el("div", { class: "main" }, this.toolbar, this.stageBox, this.frames.element,
          this.readout),
        this.panel))
  }

  buildDivider() {
    const move = (clientX) => {
      const box = this.divider.parentElement.getBoundingClientRect()
      this.setDivider((clientX - box.left) / box.width)
    }
    this.divider = el("div", {
      class: "divider", "data-testid": "viewer-divider", role: "slider", tabindex: 0,
      "aria-label": "Divider between left and right", "aria-valuemin": 0, "aria-valuemax": 100,
      onpointerdown: (event) => {
        if (event.button !== 0) return
        this.divider.setPointerCapture(event.pointerId)
        event.preventDefault()
        this.divider.focus({ preventScroll: true })
      },
      onpointermove: (event) =>
        this.divider.hasPointerCapture(event.pointerId) && move(event.clientX),
      onkeydown: (event) => {
        const step = event.shiftKey ? 0.1 : 0.02
        const { divider } = this.state
        const to = { ArrowLeft: divider - step, ArrowRight: divider + step, Home: 0, End: 1 }[event.key]
        if (to === undefined) return
        event.preventDefault()
        this.setDivider(to)
      },
    }, el("div", { class: "handle", "aria-hidden": "true" }))
    const side = (name) =>
      el("select", { class: "pick", "data-testid": `viewer-swipe-${name}`,
        "aria-label": name === "left" ? "Left of the divider" : "Right of the divider",
        onchange: (event) => this.change(() => this.pickSide(name, event.target.value)) })
    this.picks = { left: side("left"), right: side("right") }
  }

  // Layers and legend; rebuilt only when they are others, so a rerun takes no focus away.
  buildPanel() {
    const { layers } = this.data
    const classes = layers.some(({ kind }) => kind === "labels") ? this.data.classes : []
    const signature = JSON.stringify([layers.map(({ key, title }) => [key, title]), classes])
    if (signature === this.panelSignature) return
    this.panelSignature = signature
    this.layerRows = new Map(layers.map((layer) => [layer.key, this.layerRow(layer)]))
    this.classRows = classes.map((entry, index) => this.classRow(entry, index))
    const sections = []
    if (layers.length) {
      sections.push(el("section", { "aria-label": "Layers" },
        el("h4", {}, "Layers"), ...[...this.layerRows.values()].map(({ row }) => row)))
    }
    if (classes.length) {
      const all = (text, id, off) =>
        el("button", { type: "button", class: "link", "data-testid": `viewer-classes-${id}`,
          onclick: () => this.change(() => (this.state.off = new Set(off))) }, text)
      sections.push(el("section", { "aria-label": "Classes" },
        el("h4", {}, "Classes", all("all", "all", []), all("none", "none", [...classes.keys()])),
        el("div", { class: "classes" }, ...this.classRows.map(({ row }) => row))))
    }
    this.panel.replaceChildren(...sections)
    this.panel.hidden = !sections.length
    this.root.classList.toggle("bare", !sections.length)
    const option = ({ key, title }) => el("option", { value: key }, title)
    this.picks.left.replaceChildren(el("option", { value: IMAGE }, "Image"), ...layers.map(option))
    this.picks.right.replaceChildren(...layers.map(option))
    const longest = Math.max(4, ...classes.map(({ name }) => name.length))
    this.readout.style.setProperty("--class-width", `${longest}ch`)
  }

  layerRow({ key, title }) {
    const check = el("input", { type: "checkbox", "data-testid": `viewer-layer-${key}`,
      onchange: () => this.change(() => this.showLayer(key, check.checked)) })
    const slider = el("input", { type: "range", min: 0, max: 100, step: 1,
      "data-testid": `viewer-opacity-${key}`, "aria-label": `Opacity of ${title}`,
      oninput: () => this.change(() => (this.state.layers.get(key).opacity = slider.value / 100)) })
    const percent = el("output", { class: "percent" })
    const row = el("div", { class: "layer" },
      el("label", { title }, check, el("span", { class: "name" }, title)),
      el("div", { class: "opacity" }, slider, percent))
    return { row, check, slider, percent }
  }

  classRow({ name, color }, index) {
    const isolate = () => {
      const others = this.data.classes.map((_, i) => i).filter((i) => i !== index)
      const already = others.every((i) => this.state.off.has(i)) && !this.state.off.has(index)
      this.change(() => (this.state.off = new Set(already ? [] : others)))
    }
    const toggle = (event) => {
      if (event.altKey) return isolate()
      this.change(({ off }) => off.delete(index) || off.add(index))
    }
    const button = el("button", { type: "button", class: "class", title: `Show or hide ${name}`,
      "data-testid": `viewer-class-${index}`, onclick: toggle },
      swatch(color), el("span", { class: "name" }, name))
    const only = el("button", { type: "button", class: "link only", onclick: isolate,
      "data-testid": `viewer-only-${index}`, "aria-label": `Show only ${name}` }, "only")
    return { row: el("div", { class: "class-row" }, button, only), button }
  }

  // -- state to screen --

  change(alter) {
    if (!this.state) return // a control was used before the first picture was decoded
    alter(this.state)
    this.apply()
  }

  apply() {
    const { state, data } = this
    const shown = this.visibleLayers().map(({ key }) => key)
    for (const [mode, button] of Object.entries(this.modeButtons)) {
      button.setAttribute("aria-pressed", mode === state.mode)
      button.disabled = !data.layers.length && mode !== "overlay"
    }
    for (const [key, { check, slider, percent, row }] of this.layerRows) {
      const { visible, opacity } = state.layers.get(key)
      check.checked = visible
      slider.value = Math.round(opacity * 100)
      slider.style.setProperty("--part", `${Math.round(opacity * 100)}%`)
      percent.textContent = `${Math.round(opacity * 100)} %`
      row.classList.toggle("off", !visible)
    }
    this.classRows.forEach(({ button }, i) => button.setAttribute("aria-pressed", !state.off.has(i)))
    this.picks.left.value = state.left
    this.picks.right.value = state.right
    this.table = colorTable(data.classes, state.off)
    this.arrange()
    this.frames.show(data.layers.find(({ frames }) => frames))
    Object.assign(this.root.dataset, {
      mode: state.mode,
      divider: state.divider.toFixed(4),
      layers: shown.join(","),
      classesOff: [...state.off].sort((a, b) => a - b).join(","),
    })
    this.draw()
  }

  visibleLayers() {
    return this.data.layers.filter(({ key }) => this.state.layers.get(key).visible)
  }

  showLayer(key, visible) {
    const { layers, mode, left } = this.state
    layers.get(key).visible = visible
    // In swipe a layer is seen on one of two sides only, so a layer switched on goes to the right.
    if (visible && mode === "swipe" && left !== key) this.state.right = key
  }

  pickSide(side, key) {
    this.state[side] = key
    if (key !== IMAGE) this.state.layers.get(key).visible = true
  }

  // Resolves when the frame is at hand, so that playing never runs ahead of what can be drawn.
  pickFrame(number) {
    stateFor(this.given.key).frame = number
    return this.update(this.given, this.send)
  }

  setDivider(part) {
    this.change((state) => (state.divider = clamp(part, 0, 1)))
  }

  // Keeps panes that stay, so that focus and gestures under way survive.
  arrange() {
    const { mode } = this.state
    const layers = mode === "side" ? this.visibleLayers().slice(0, MAX_SIDE_LAYERS) : []
    const keys = mode === "side" ? [IMAGE, ...layers.map(({ key }) => key)] : [mode]
    if (keys.join("\n") !== this.panes.map(({ key }) => key).join("\n")) {
      const kept = new Map(this.panes.map((pane) => [pane.key, pane]))
      this.panes = keys.map((key) => kept.get(key) ?? this.addPane(key))
      for (const key of kept.keys()) {
        if (keys.includes(key)) continue
        this.gestures.get(key).cancel()
        this.gestures.delete(key)
      }
      this.stage.replaceChildren(...this.panes.map(({ element }) => element))
    }
    for (const pane of this.panes) {
      const layer = layers.find(({ key }) => key === pane.key)
      pane.caption.hidden = mode === "overlay"
      pane.canvas.setAttribute("aria-label", this.describe(layer))
      if (mode === "side") pane.caption.replaceChildren(layer?.title ?? "Image")
    }
    if (mode !== "swipe" || this.divider.parentElement === this.panes[0].picture) return
    this.panes[0].picture.append(this.divider)
    this.panes[0].caption.replaceChildren(this.picks.left, this.picks.right)
  }

  addPane(key) {
    const pane = new Pane(key)
    this.gestures.set(key, new Gestures(pane, this))
    return pane
  }

  describe(layer) {
    const [width, height] = this.data.size
    return `${layer?.title ?? "Image"}, ${width} by ${height} pixels. Arrow keys pan, plus and minus `
      + "zoom, 0 fits, 1 shows one to one, H hides the layers while held"
      + (this.data.clickable ? ", Enter picks the pixel." : ".")
  }

  // Columns such that the pictures come out largest.
  layOut() {
    const [width, height] = this.data.size
    const [stageWidth, stageHeight] = [this.stage.clientWidth, this.stage.clientHeight]
    const count = this.panes.length
    const caption = this.state.mode === "overlay" ? 0 : CAPTION
    const scale = (columns) => {
      const rows = Math.ceil(count / columns)
      const paneWidth = (stageWidth - GAP * (columns - 1)) / columns
      const paneHeight = (stageHeight - GAP * (rows - 1)) / rows - caption
      return Math.min(paneWidth / width, paneHeight / height)
    }
    let columns = count
    for (let n = count - 1; n > 0; n--) if (scale(n) > scale(columns) * 1.02) columns = n
    this.stage.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`
    this.panes.forEach((pane) => pane.measure())
  }

  draw() {
    if (this.frame || !this.data) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.paint()
    })
  }

  paint() {
    this.layOut()
    if (!this.panes[0].width || !this.panes[0].height) return // hidden: a closed tab or expander
    this.settleView()
    for (const pane of this.panes) {
      pane.begin()
      this.paintPane(pane)
      pane.canvas.classList.toggle("fits", this.state.view.fit)
    }
    this.divider.style.left = `${this.state.divider * 100}%`
    this.divider.setAttribute("aria-valuenow", Math.round(this.state.divider * 100))
    this.zoomText.textContent = `${Math.round(this.state.view.zoom * 100)} %`
    this.root.dataset.zoom = this.state.view.zoom.toFixed(4)
    this.showPointer()
    this.root.dataset.ready = "1"
  }

  paintPane(pane) {
    const { state, data } = this
    const drawLayer = (layer, part) => {
      const { visible, opacity } = state.layers.get(layer.key)
      if (!visible || this.peeking) return
      const picture = this.decoded.get(layer.digest)
      if (layer.kind === "labels") picture.paint(this.table)
      pane.draw(picture, data.size, state.view, { ...part, opacity })
    }
    pane.draw(this.decoded.get(data.image.digest), data.size, state.view)
    const named = (key) => data.layers.filter((layer) => layer.key === key)
    if (state.mode === "overlay") data.layers.forEach((layer) => drawLayer(layer))
    else if (state.mode === "side") named(pane.key).forEach((layer) => drawLayer(layer))
    else {
      named(state.left).forEach((layer) => drawLayer(layer, { to: state.divider }))
      named(state.right).forEach((layer) => drawLayer(layer, { from: state.divider }))
    }
  }

  // -- the view --

  fitZoom() {
    const { width, height } = this.panes[0]
    return Math.min(width / this.data.size[0], height / this.data.size[1], MAX_ZOOM)
  }

  // Brings zoom and centre within bounds; a picture that fits along an axis is centred on it.
  settleView() {
    const { view } = this.state
    const fit = this.fitZoom()
    const lowest = Math.min(fit, 1)
    if (view.zoom <= lowest && fit <= 1) view.fit = true
    view.zoom = view.fit ? fit : clamp(view.zoom, lowest, MAX_ZOOM)
    const settle = (center, length, extent) => {
      const half = extent / view.zoom / 2
      return half * 2 >= length ? length / 2 : clamp(center, half, length - half)
    }
    view.cx = settle(view.cx, this.data.size[0], this.panes[0].width)
    view.cy = settle(view.cy, this.data.size[1], this.panes[0].height)
  }

  panBy(dx, dy) {
    const { view } = this.state
    view.cx -= dx / view.zoom
    view.cy -= dy / view.zoom
    this.settleView() // at once: a drag beyond the edge must not have to be dragged back
    this.draw()
  }

  zoomAt(pane, { clientX, clientY }, factor) {
    const { view } = this.state
    const before = pane.toImage(view, clientX, clientY)
    view.fit = false
    view.zoom = clamp(view.zoom * factor, Math.min(this.fitZoom(), 1), MAX_ZOOM)
    const after = pane.toImage(view, clientX, clientY)
    view.cx += before.x - after.x
    view.cy += before.y - after.y
    this.settleView()
    this.hoverAt(pane, { clientX, clientY })
    this.draw()
  }

  zoomBy(factor) {
    this.change(({ view }) => Object.assign(view, { fit: false, zoom: view.zoom * factor }))
  }

  fit() {
    this.change(({ view }) => (view.fit = true))
  }

  one() {
    // Where the fitted zoom is 1 or less, settleView would take 1 for "fit"; it is the same picture.
    this.change(({ view }) => Object.assign(view, { fit: false, zoom: 1 }))
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen()
    else this.root.requestFullscreen?.()
  }

  peek(on) {
    if (this.peeking === on) return
    this.peeking = on
    this.draw()
  }

  key(event, pane) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step = event.shiftKey ? 200 : 50
    const actions = {
      ArrowLeft: () => this.panBy(step, 0),
      ArrowRight: () => this.panBy(-step, 0),
      ArrowUp: () => this.panBy(0, step),
      ArrowDown: () => this.panBy(0, -step),
      "+": () => this.zoomBy(BUTTON_STEP),
      "=": () => this.zoomBy(BUTTON_STEP),
      "-": () => this.zoomBy(1 / BUTTON_STEP),
      0: () => this.fit(),
      1: () => this.one(),
      h: () => this.peek(true),
      Enter: () => this.select(this.cursor ?? this.center()),
      Escape: () => pane.canvas.blur(), // gives the wheel back to the page
    }
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!action || !this.state) return
    event.preventDefault()
    action()
    if (event.key.startsWith("Arrow")) this.hover(this.center())
  }

  center() {
    const { cx, cy } = this.state.view
    return { x: Math.floor(cx), y: Math.floor(cy) }
  }

  // -- pointing --

  pixelAt(pane, { clientX, clientY }) {
    const { x, y } = pane.toImage(this.state.view, clientX, clientY)
    const [width, height] = this.data.size
    const inside = x >= 0 && y >= 0 && x < width && y < height
    return inside ? { x: Math.floor(x), y: Math.floor(y) } : null
  }

  hoverAt(pane, event) {
    this.hover(this.pixelAt(pane, event))
  }

  hover(pixel) {
    this.cursor = pixel
    this.showPointer()
  }

  select(pixel) {
    if (!pixel || !this.data.clickable) return
    this.state.marker = pixel
    this.showPointer()
    this.send(pixel)
  }

  showPointer() {
    const { view, mode, marker } = this.state
    const { size, image } = this.data
    const sent = this.decoded.get(image.digest)
    const step = [size[0] / sent.width, size[1] / sent.height]
    for (const pane of this.panes) {
      pane.showPointer(view, this.cursor, mode === "side", step)
      pane.showMarker(view, marker)
    }
    this.readout.replaceChildren(...(this.cursor ? this.readoutAt(this.cursor) : this.idleReadout()))
  }

  idleReadout() {
    const { size, image, layers } = this.data
    const { width, height } = this.decoded.get(image.digest)
    const shrunk = width < size[0] || height < size[1]
    const sent = shrunk ? `, shown with ${width} × ${height}` : ""
    const peek = layers.length ? "; hold H to hide layers" : ""
    const help = matchMedia("(pointer: coarse)").matches
      ? "Pinch or double-tap to zoom"
      : `Click, then scroll to zoom. Keys: + − 0 1 arrows${peek}`
    return [
      el("span", { class: "where" }, `${size[0]} × ${size[1]} px${sent}`),
      el("span", { class: "help" }, help),
    ]
  }

  readoutAt({ x, y }) {
    const { layers, classes, size } = this.data
    const labels = layers.filter(({ kind }) => kind === "labels")
    const values = labels.map(({ digest }) => this.decoded.get(digest).at(x, y, size))
    const reference = values.find((value) => value !== VOID)
    const item = ({ title }, i) => {
      const value = values[i]
      // Void says nothing about the ground, so it disagrees with nothing.
      const differs = value !== VOID && value !== reference
      const name = value === VOID ? "void" : (classes[value]?.name ?? `${value} (no class)`)
      return el("span", { class: "value" },
        el("span", { class: "title" }, title),
        el("span", { class: "flag", title: differs ? "Differs" : "" }, differs ? "≠" : ""),
        swatch(classes[value]?.color),
        el("span", { class: "class-name" }, name))
    }
    return [
      el("span", { class: "where" }, `x ${x} `, el("span", { class: "y" }, `y ${y}`)),
      ...labels.map(item),
    ]
  }

  hint() {
    const key = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl"
    this.hintText.textContent = `Click the picture or hold ${key} to zoom with the wheel`
    this.hintText.classList.add("on")
    clearTimeout(this.hintTimer)
    this.hintTimer = setTimeout(() => this.hintText.classList.remove("on"), 1200)
  }
}
