// The compare viewer: an image and the layers over it on canvases, all in the browser.
//
// Pixels are those of the full-resolution image. What was sent may be smaller (see encode.py), so
// layers are always drawn stretched to the full-resolution size.

import { colorTable } from "./colors.js"
import { Commands } from "./commands.js"
import { BandValues } from "./controls/band_values.js"
import { Beat } from "./controls/beat.js"
import { DifferencePanel } from "./controls/difference_panel.js"
import { FrameBar } from "./controls/frame_bar.js"
import { shortHelp, spokenHelp } from "./controls/help.js"
import { HelpSheet } from "./controls/help_sheet.js"
import { Keyboard } from "./controls/keyboard.js"
import { Panel } from "./controls/panel.js"
import { readings, Readout } from "./controls/readout.js"
import { Toolbar } from "./controls/toolbar.js"
import { el, followTheme } from "./dom.js"
import { DifferenceLayer } from "./layers/difference.js"
import { mapText, scaleBar } from "./ground.js"
import { withFrame } from "./layers/frames.js"
import { KINDS } from "./layers/kinds.js"
import { isPossible } from "./modes/needs.js"
import { Unsure } from "./layers/unsure.js"
import { modeNamed, MODES } from "./modes/table.js"
import { isNeeded, Pictures, readBitmap } from "./pictures.js"
import { gesturesOf } from "./stage/pane_gestures.js"
import { Stage } from "./stage/stage.js"
import { adopt, IMAGE, isolateClass, showLayer, stateFor, toggleClass } from "./state.js"
import { TileStore } from "./tiles/store.js"
import { shapesOf } from "./tools/shapes.js"
import { aimedAt } from "./tools/sketch.js"
import { place, settle, viewOf } from "./view.js"

export class Viewer extends Commands {
  constructor(parent) {
    super()
    this.tiles = new TileStore({
      changed: () => this.stage.forget() || this.draw(),
      failed: (text) => this.stage.showNotice(text),
      read: readBitmap,
    })
    this.pictures = new Pictures(KINDS, this.tiles)
    this.round = 0 // of updates: one that waits for pictures may be outdated by the next
    this.frame = this.pointerFrame = 0
    this.cursor = null
    this.aim = null
    this.peeking = false
    this.legend = { signature: null }
    this.toolbar = new Toolbar(this)
    this.keyboard = new Keyboard(this)
    this.beat = new Beat(() => this.change(({ own }) => this.mode.timer.turn(own[this.mode.name])))
    this.frameBar = new FrameBar((number) => this.pickFrame(number))
    this.readout = new Readout()
    this.bandValues = new BandValues(() => this.data && this.showPointer())
    this.helpSheet = new HelpSheet()
    this.stage = new Stage({
      gestures: (pane) => gesturesOf(this, pane),
      divide: (part) => this.change(({ own }) => this.mode.divider.move(own[this.mode.name], part)),
      choose: (name, key) => this.pick(name, key),
      resize: () => this.data && this.paint(), // at once: a frame later it would be stretched
    })
    this.difference = new DifferencePanel((opacity) =>
      this.change(({ own }) => (own[this.mode.name].opacity = opacity)))
    this.panel = new Panel({
      show: (key, visible) => this.change((state) => showLayer(state, this.mode, key, visible)),
      fade: (key, opacity) => this.change(({ layers }) => (layers.get(key).opacity = opacity)),
      toggle: (index) => this.change((state) => toggleClass(state, index)),
      isolate: (index) =>
        this.change((state) => isolateClass(state, index, this.data.classes.length)),
      limit: (key, value) => this.change(({ thresholds }) => thresholds.set(key, value)),
      color: (key, look) => this.change(({ looks }) => looks.set(key, look)),
      hide: (indices) => this.change((state) => (state.off = new Set(indices))),
    }, [this.difference.element])
    this.status = el("div", { class: "unseen", role: "status", "data-testid": "viewer-status" })
    this.root = el("div", { class: "viewer", "data-testid": "viewer-root", "data-ready": "0" },
      el("div", { class: "body" },
        el("div", { class: "main" }, this.toolbar.element, this.stage.element,
          this.frameBar.element, this.readout.element),
        this.panel.element),
      this.status, this.helpSheet.element)
    parent.append(this.root)
  }

  destroy() {
    this.round++ // a decode under way finds itself outdated
    cancelAnimationFrame(this.frame)
    cancelAnimationFrame(this.pointerFrame)
    this.stage.destroy()
    this.beat.set(0)
    this.frameBar.pause()
    this.bandValues.cancel()
    this.pictures.keep([], [])
    this.tiles.close()
    this.root.remove()
  }

  // ---- data from the script ----

  async update(given, send) {
    this.send = send
    this.given = given
    const round = ++this.round
    this.root.style.setProperty("--stage-height", `${given.height}px`)
    followTheme(this.root)
    const state = stateFor(given.key, MODES)
    const image = { ...given.image, key: IMAGE, title: "Image", kind: IMAGE }
    const layers = given.layers.map((layer) => withFrame(layer, state.frame))
    const shown = [image, ...layers.filter((layer) =>
      isNeeded(layer, state) || this.pictures.get(layer.digest))]
    if (!this.pictures.has(shown)) {
      this.root.dataset.ready = "0"
      const decoded = await this.pictures.decode(shown)
      if (round !== this.round) return decoded?.forEach((picture) => picture.close())
      if (!decoded) {
        const text = "The browser could not read this picture. Reload the page to try again."
        return this.stage.showNotice(text)
      }
      this.pictures.add(decoded)
    }
    this.pictures.keep(shown, given.layers.flatMap(({ frames }) => frames ?? []))
    // From here on everything is at hand, so old and new are never mixed on the screen.
    this.show({ ...given, layers }, image)
  }

  show(data, image) {
    const layerOf = (entry) => new KINDS[entry.kind](entry, this.pictures.get(entry.digest))
    this.data = data
    this.image = layerOf(image)
    this.layers = data.layers.map(layerOf)
    this.state = stateFor(data.key, MODES)
    adopt(this.state, data, MODES)
    if (this.cursor?.x >= data.size[0] || this.cursor?.y >= data.size[1]) this.cursor = null
    const classes = this.layers.some(({ usesClasses }) => usesClasses) ? data.classes : []
    this.stage.showNotice(null)
    this.panel.build(this.layers, classes)
    this.readout.reserve(classes)
    this.root.classList.toggle("bare", this.panel.element.hidden)
    this.apply()
  }

  // ---- state to screen ----

  get mode() {
    return modeNamed(this.state.mode)
  }

  get hasLayers() {
    return this.layers.length > 0
  }

  isPossible(mode) {
    return isPossible(mode, this.layers.map(({ usesClasses }) => usesClasses))
  }

  get isClickable() {
    return this.data.clickable
  }

  change(alter) {
    if (!this.state) return // a control was used before the first picture was decoded
    alter(this.state)
    const isMissing = (layer) =>
      isNeeded(layer, this.state) && !this.pictures.get(layer.digest)
    if (this.data.layers.some(isMissing)) this.update(this.given, this.send)
    else this.apply()
  }

  apply() {
    const { mode, state, data } = this
    const scene = this.scene()
    this.paintClasses()
    this.toolbar.show()
    this.panel.show(state, this.layers)
    this.frameBar.show(data.layers.find(({ frames }) => frames))
    const description = `${data.size[0]} by ${data.size[1]} pixels. ${spokenHelp(this)}`
    this.stage.arrange(mode, mode.panes(scene), scene, description)
    const compared = this.stage.parts.find(({ layer }) => layer instanceof DifferenceLayer)
    this.difference.show(compared?.layer, compared?.opacity, this.legend, data.size)
    const visible = scene.layers.filter((part) => part.visible).map(({ layer }) => layer.key)
    Object.assign(this.root.dataset, {
      mode: mode.name,
      layers: visible.join(","),
      tool: state.tool ?? "",
      classesOff: [...state.off].sort((a, b) => a - b).join(","),
    })
    this.beat.set(mode.timer?.isOn(scene.own) ? mode.timer.ms : 0)
    if (mode.divider) this.root.dataset.divider = mode.divider.at(scene.own).toFixed(4)
    this.draw()
  }

  scene() {
    const { layers, own } = this.state
    return {
      image: { layer: this.image, visible: true, opacity: 1 },
      layers: this.layers.map((layer) => ({ layer, ...layers.get(layer.key) })),
      own: own[this.mode.name],
    }
  }

  // Another table only when the colours are others: masks are painted anew then.
  paintClasses() {
    const { classes } = this.data
    const { off, thresholds, looks } = this.state
    const limits = this.layers.filter(({ threshold, picture }) => threshold && picture)
      .map((layer) => [layer, thresholds.get(layer.key)])
    const digests = this.data.layers.map(({ digest }) => digest)
    const signature = JSON.stringify([classes, [...off], limits.map(([, value]) => value), digests,
      [...looks]])
    if (signature === this.legend.signature) return
    const unsure = new Map(limits.map(([layer, value]) =>
      [layer.threshold.of, new Unsure(layer, value)]))
    const table = colorTable(classes, off)
    this.legend = { signature, classes, off: new Set(off), table, unsure, looks: new Map(looks) }
  }

  draw() {
    if (this.frame || !this.data) return
    cancelAnimationFrame(this.pointerFrame)
    this.pointerFrame = 0
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.paint()
    })
  }

  // Once a frame: a pointer moves more often, and what it changes is laid out anew when it is asked
  // where it is.
  showPointerSoon() {
    if (this.frame || this.pointerFrame || !this.data) return
    this.pointerFrame = requestAnimationFrame(() => {
      this.pointerFrame = 0
      this.showPointer()
    })
  }

  paint() {
    const { size } = this.data
    this.stage.layOut(size)
    if (!this.stage.isVisible) return
    const { state, stage } = this
    const wanted = state.goal ? viewOf(state.goal, stage.extent) : state.view
    const view = (state.view = settle(wanted, size, stage.extent))
    state.goal = null
    const isShown = ({ layer }) => !this.peeking || layer === this.image
    this.wantTiles(isShown)
    this.stage.draw(this.place, this.legend, view.fit, isShown)
    this.toolbar.showZoom(view.zoom)
    const { ground } = this.data
    this.stage.showScale(ground?.metres ? scaleBar(ground.metres, view.zoom) : null)
    this.root.dataset.zoom = view.zoom.toFixed(4)
    this.showPointer()
    this.root.dataset.ready = "1"
  }

  // Those of thresholds too, which hatch labels.
  wantTiles(isShown) {
    const limits = [...this.legend.unsure.values()].filter(({ picture }) => picture.isTiled)
    const all = [0, 0, ...this.stage.panes[0].device]
    this.tiles.want([
      ...this.stage.wants(this.place, isShown),
      ...limits.flatMap(({ picture }) => picture.wants(this.place, all, false)),
    ])
    this.root.dataset.pending = this.tiles.pending
  }

  get place() {
    return place(this.state.view, this.data.size, this.stage.extent, this.stage.ratio)
  }

  showPointer() {
    const { cursor, image } = this
    const { marker } = this.state
    const { size, bands } = this.data
    this.readout.showBands(bands, cursor, this.bandValues.at(bands, cursor))
    const step = [size[0] / image.picture.width, size[1] / image.picture.height]
    this.showSketches()
    this.stage.showPointer(this.place, size, { cursor, marker, step })
    if (cursor) {
      const { ground } = this.data
      const map = ground ? mapText(ground, cursor) : ""
      this.readout.showPixel(cursor, map, readings(this.stage.read, cursor, size, this.legend))
    } else {
      const help = shortHelp(this, matchMedia("(pointer: coarse)").matches)
      this.readout.showSize(size, image.picture, help)
    }
  }

  showSketches() {
    const { data, tool, aim } = this
    const text = tool ? tool.words(aimedAt(this.sketch, aim), data) || tool.title : ""
    this.stage.showSketches(this.place, data.size, shapesOf(data, this.state, aim), text)
  }

  // To a screen reader.
  say(text) {
    this.status.textContent = text
  }
}
