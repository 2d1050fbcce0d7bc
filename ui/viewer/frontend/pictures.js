// The decoded pictures, by digest: each content is decoded once.

import { Downloads } from "./downloads.js"
import { TiledPicture } from "./tiles/tiled_picture.js"

// Layers of values are large, and fetched when they are shown or a threshold is set on them.
// `state`: what the user set so far; `layer`: as the script passes it.
export function isNeeded(layer, state) {
  if (!layer.range) return true
  const isAbove = (threshold) => threshold !== undefined && threshold > layer.range[0]
  const isLimited = isAbove(layer.threshold?.start) || isAbove(state.thresholds.get(layer.key))
  return layer.visible || state.layers.get(layer.key)?.visible || isLimited
}

export class Pictures {
  // `kinds`: by name, see layers/kinds.js; `tiles`: the store of tiles.
  constructor(kinds, tiles) {
    this.kinds = kinds
    this.tiles = tiles
    this.decoded = new Map() // digest → picture
    this.downloads = new Downloads()
  }

  get(digest) {
    return this.decoded.get(digest)
  }

  has(wanted) {
    return wanted.every(({ digest }) => this.decoded.has(digest))
  }

  // What of `wanted` ({digest, src, kind}) is not decoded yet, by digest; null where the browser
  // could not read one. Nothing is kept before it is added.
  async decode(wanted) {
    const missing = wanted.filter(({ digest }) => !this.decoded.has(digest))
    const unique = new Map(missing.map((picture) => [picture.digest, picture]))
    const read = async (picture) => {
      if (picture.tiles) {
        return [picture.digest, new TiledPicture(picture, this.kinds[picture.kind], this.tiles)]
      }
      const bitmap = await this.bitmap(picture)
      return [picture.digest, this.kinds[picture.kind].decode(bitmap)]
    }
    try {
      return new Map(await Promise.all([...unique.values()].map(read)))
    } catch (error) {
      console.error("compare viewer:", error)
      return null
    }
  }

  async bitmap({ digest, src }) {
    const blob = src.startsWith("data:") ? unpack(src) : await this.downloads.get(digest, src)
    return readBitmap(blob)
  }

  add(decoded) {
    decoded.forEach((picture, digest) => this.decoded.set(digest, picture))
  }

  // Forgets all but `shown`, and fetches `others`, which may be shown next, in the background.
  keep(shown, others) {
    const digests = new Set(shown.map(({ digest }) => digest))
    for (const [digest, picture] of this.decoded) {
      if (digests.has(digest)) continue
      picture.close()
      this.decoded.delete(digest)
    }
    this.downloads.keep([...shown, ...others].filter(({ tiles }) => !tiles))
  }
}

// Nothing may touch the values: in a label mask they are class indices.
export const readBitmap = (blob) =>
  createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" })

function unpack(src) {
  const [head, body] = src.split(",", 2)
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0))
  return new Blob([bytes], { type: head.slice(5, head.indexOf(";")) })
}
