// Panning: what is on the canvas already is moved, and only what comes into view is drawn. Pictures
// lie on whole device pixels, so it is the same to the pixel.

export class Scroll {
  constructor() {
    this.what = null
    this.place = null
  }

  // Moves the canvas's content where that is enough, and gives the rectangles [left, top, right,
  // bottom] that are to be drawn; null where that is all of it. `what`: all that a drawing depends
  // on but its place.
  strips(context, what, place) {
    const { canvas } = context
    if (!this.isSame(what, place)) return null
    const [dx, dy] = [place.left - this.place.left, place.top - this.place.top]
    if (!dx && !dy) return []
    const isGone = Math.abs(dx) >= canvas.width || Math.abs(dy) >= canvas.height
    if (isGone || isCut(what)) return null
    context.globalCompositeOperation = "copy"
    context.drawImage(canvas, dx, dy)
    context.globalCompositeOperation = "source-over"
    return stripsOf(canvas, dx, dy)
  }

  isSame(what, { width, height }) {
    if (this.what?.length !== what.length) return false
    if (width !== this.place.width || height !== this.place.height) return false
    return what.every((value, i) => value === this.what[i])
  }

  keep(what, place) {
    this.what = what
    this.place = place
  }
}

// A divider stays where it is while the picture moves.
const isCut = (what) => what.slice(1).some((value, i) => i % 4 > 1 && value !== undefined)

function stripsOf({ width, height }, dx, dy) {
  const strips = []
  if (dx) strips.push(dx > 0 ? [0, 0, dx, height] : [width + dx, 0, width, height])
  if (dy) strips.push(dy > 0 ? [0, 0, width, dy] : [0, height + dy, width, height])
  return strips
}
