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
  get isSmooth() {
    return true
  }

  draw(surface) {
    const { picture } = this
    if (picture.isTiled) return picture.draw(surface, ({ source }) => source, this.isSmooth)
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

// A layer that is never smoothed. `paint(picture, tile)`: paints a picture, or a tile of it, and
// whether it is there to be drawn.
export function drawPainted(surface, picture, paint) {
  if (!picture.isTiled) {
    paint(picture)
    return stretch(surface, picture.source)
  }
  picture.draw(surface, (part, tile) => (paint(part, tile) === false ? null : part.source), false)
}

// What a picture holds of a pixel of the image of that size, by the name of its array: it may have
// been sent smaller. Of tiles undefined while it is not known, and `empty` where there is nothing.
export function sampled(picture, name, { x, y, size }, empty = 0) {
  if (picture.isTiled) return picture.sample(name, x, y, empty)
  const { width, height } = picture
  const column = Math.floor(((x + 0.5) * width) / size[0])
  const row = Math.floor(((y + 0.5) * height) / size[1])
  return picture[name][row * width + column]
}

class Picture {
  constructor(bitmap) {
    this.source = bitmap
    this.width = bitmap.width
    this.height = bitmap.height
    this.small = null
    this.bytes = 4 * this.width * this.height
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
