// A picture that is shown as it is: the image itself, a heatmap.

import { el } from "../dom.js"

export class PictureLayer {
  static decode(bitmap) {
    return new Picture(bitmap)
  }

  constructor({ key, title, note }, picture) {
    this.key = key
    this.title = title
    this.note = note
    this.picture = picture
    this.usesClasses = false
  }

  // Smoothed only where several of its pixels come to lie on one of the screen.
  draw(surface) {
    const { picture } = this
    const isShrunk = surface.width < picture.width || surface.height < picture.height
    stretch(surface, isShrunk ? picture.shrunk(surface) : picture.source)
  }

  valueAt() {
    return null
  }

  describe() {
    return null
  }
}

export function stretch({ context, left, top, width, height }, source) {
  context.imageSmoothingEnabled = false
  context.drawImage(source, left, top, width, height)
}

// What a picture holds of a pixel of the image of that size: it may have been sent smaller.
export function sampled({ width, height }, values, x, y, size) {
  const column = Math.floor(((x + 0.5) * width) / size[0])
  const row = Math.floor(((y + 0.5) * height) / size[1])
  return values[row * width + column]
}

class Picture {
  constructor(bitmap) {
    this.source = bitmap
    this.width = bitmap.width
    this.height = bitmap.height
    this.small = null
  }

  // At the size of the screen, kept while it is that: averaging takes a tenth of a second.
  shrunk({ width, height }) {
    const { small } = this
    if (small?.width === width && small.height === height) return small
    this.small = el("canvas", { width, height })
    const context = this.small.getContext("2d")
    context.imageSmoothingQuality = "high"
    context.drawImage(this.source, 0, 0, width, height)
    return this.small
  }

  close() {
    this.source.close()
    if (this.small) this.small.width = this.small.height = 0
  }
}
