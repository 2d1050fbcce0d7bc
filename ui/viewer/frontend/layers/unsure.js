// Labels whose value in a layer of values is below a threshold are shown as unsure: hatched.

import { sampled } from "./picture.js"

const HATCH = [[40, 40, 40, 255], [225, 225, 225, 255]]
const [DARK, LIGHT] = new Uint32Array(Uint8Array.from(HATCH.flat()).buffer)
const STRIPES = 150 // over a picture, so that they are seen when it is fitted

export class Unsure {
  // `layer`: of values; `threshold`: in its unit.
  constructor(layer, threshold) {
    this.picture = layer.picture
    this.code = layer.codeOf(threshold)
    this.parts = new Map() // tile of values → what is unsure in it
  }

  // Of a tile, of which the same is given as long as its values are; undefined where they are not
  // there, or there are none. Of a whole picture itself.
  of(tile) {
    if (!tile) return this
    const picture = this.picture.isTiled ? this.picture.get(tile) : undefined
    if (!picture?.codes) return undefined
    if (!this.parts.has(picture)) this.parts.set(picture, { ...this, picture, hatch: this.hatch })
    return this.parts.get(picture)
  }

  // Undefined while the tile that has it is on its way.
  isAt(x, y, size) {
    const code = sampled(this.picture, "codes", { x, y, size })
    return code === undefined ? undefined : code > 0 && code < this.code
  }

  // Over the painted labels of a picture of that size; what is not painted stays so.
  hatch(out, { width, height }) {
    const { picture, code } = this
    const { codes } = picture
    const period = Math.max(4, 2 * Math.round(Math.max(width, height) / STRIPES / 2))
    const columns = Uint32Array.from({ length: width }, (_, x) =>
      Math.floor(((x + 0.5) * picture.width) / width))
    for (let y = 0, i = 0; y < height; y++) {
      const row = picture.width * Math.floor(((y + 0.5) * picture.height) / height)
      for (let x = 0; x < width; x++, i++) {
        const at = codes[row + columns[x]]
        if (at && at < code && out[i]) out[i] = (x + y) % period < period / 2 ? DARK : LIGHT
      }
    }
  }
}
