// A picture that is shown as it is: the image itself, an error map, a heatmap.

const SMOOTH_UNTIL = 2 // magnified more than this, a pixel is to be seen as a pixel

export class PictureLayer {
  static decode(bitmap) {
    const { width, height } = bitmap
    return { source: bitmap, width, height, close: () => bitmap.close() }
  }

  constructor({ key, title, note }, picture) {
    this.key = key
    this.title = title
    this.note = note
    this.picture = picture
    this.usesClasses = false
  }

  draw(surface) {
    const magnified = surface.width / this.picture.width
    stretch(surface, this.picture.source, magnified <= SMOOTH_UNTIL * surface.ratio)
  }

  valueAt() {
    return null
  }

  describe() {
    return null
  }
}

export function stretch({ context, left, top, width, height }, source, smooth) {
  context.imageSmoothingEnabled = smooth
  context.imageSmoothingQuality = "high"
  context.drawImage(source, left, top, width, height)
}
