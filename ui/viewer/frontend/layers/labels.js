// A label mask: its picture keeps the class indices and paints them when the colours change.

import { VOID } from "../colors.js"
import { el } from "../dom.js"
import { drawPainted, sampled } from "./picture.js"

export class LabelLayer {
  static decode(bitmap) {
    return new LabelPicture(bitmap)
  }

  constructor({ key, title, note }, picture) {
    this.key = key
    this.title = title
    this.note = note
    this.picture = picture
    this.usesClasses = true
  }

  // Never smoothed: that would invent colours that stand for no class.
  draw(surface, { table, unsure }) {
    const limit = unsure?.get(this.key)
    drawPainted(surface, this.picture, (part, tile) => part.paint(table, limit?.of(tile)))
  }

  valueAt(x, y, size) {
    return sampled(this.picture, "indices", { x, y, size }, VOID)
  }

  // Void says nothing about the ground, so it disagrees with nothing.
  describe(value, { classes, unsure }, at) {
    if (value === VOID) return { text: "void", label: null }
    const { name, color } = classes[value] ?? { name: `${value} (no class)` }
    const limit = unsure?.get(this.key)
    const isUnsure = limit ? limit.isAt(at.x, at.y, at.size) : false
    const note = isUnsure === undefined ? " …" : isUnsure ? " (unsure)" : ""
    return { text: name + note, color, label: value }
  }
}

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
    this.table = this.unsure = null
    this.bytes = 9 * this.indices.length
  }

  // `unsure`: see unsure.js; undefined where all are sure.
  paint(table, unsure) {
    if (this.table === table && this.unsure === unsure) return
    Object.assign(this, { table, unsure })
    const out = new Uint32Array(this.painted.data.buffer)
    for (let i = 0; i < out.length; i++) out[i] = table[this.indices[i]]
    unsure?.hatch(out, this)
    this.context.putImageData(this.painted, 0, 0)
  }

  close() {
    this.source.width = this.source.height = 0 // gives the memory back at once
  }
}
