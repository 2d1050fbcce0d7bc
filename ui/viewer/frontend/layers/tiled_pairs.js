// The pixels of two tiled label layers by pairs of labels: counted by the server, which has all of
// them.

export class TiledPairs {
  constructor(first, second) {
    this.width = first.width
    this.height = first.height
    this.counts = null // null until they have come
    this.how = "of the masks made smaller by the commonest class"
    this.error = ""
    this.changed = null
    this.load(`${first.src}/pairs/${second.src.split("/").at(-1)}`)
  }

  async load(src) {
    try {
      const answer = await fetch(src)
      if (!answer.ok) throw new Error(await answer.text())
      const { width, height, pairs } = await answer.json()
      const counts = new Float64Array(65536) // more pixels than 32 bits count
      for (const [first, second, pixels] of pairs) counts[256 * first + second] = pixels
      Object.assign(this, { width, height, counts })
    } catch (error) {
      this.error = error.message
    }
    this.changed?.()
  }
}
