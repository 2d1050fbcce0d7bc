// The tiles that are at hand, for all layers of a viewer: fetched as they are wanted, those that were
// not used for longest forgotten, within a bound of bytes.

const MOST_BYTES = 256 * 1024 ** 2
const AT_ONCE = 8 // requests; more would only wait in the browser
const POINT_MS = 120 // for which the pointer rests before the tile under it is fetched

// What a server sends where there is nothing to see.
export const EMPTY = { bytes: 0, close() {} }

class Refusal extends Error {
  constructor(status, text) {
    super(text)
    this.status = status
  }
}

export class TileStore {
  // `changed()`: tiles have come; `failed(text)`: one cannot be had, in words.
  // `read(blob)`: a promise of a bitmap; `againMs`: after which a busy server is asked once more.
  constructor({ changed, failed, read, mostBytes = MOST_BYTES, againMs = 1000 }) {
    Object.assign(this, { changed, failed, read, mostBytes, againMs })
    this.tiles = new Map() // key → tile, from the one that was not used for longest
    this.bytes = 0
    this.loading = new Map() // key → AbortController
    this.lost = new Map() // key → when it may be asked for again
    this.wanted = new Map() // key → {key, src, decode}, the most urgent first
    this.points = new Map() // of a picture → what is wanted under the pointer
    this.timer = 0
  }

  // Undefined where it is not there yet.
  get(key) {
    const tile = this.tiles.get(key)
    if (!tile) return undefined
    this.tiles.delete(key)
    this.tiles.set(key, tile)
    return tile
  }

  // All that the screen needs just now; what was asked for and is not needed is dropped.
  want(tiles) {
    this.wanted = new Map(tiles.map((tile) => [tile.key, tile]))
    for (const tile of this.points.values()) this.wanted.set(tile.key, tile)
    for (const [key, controller] of this.loading) if (!this.wanted.has(key)) controller.abort()
    this.evict()
    this.fetchNext()
  }

  // Besides, once the pointer rests: one tile of each picture, named by `of`.
  wantPoint(of, tile) {
    if (this.points.get(of)?.key === tile.key) return
    this.points.set(of, tile)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      for (const each of this.points.values()) this.wanted.set(each.key, each)
      this.fetchNext()
    }, POINT_MS)
  }

  // The number of tiles that are wanted and have not come.
  get pending() {
    let count = 0
    for (const key of this.wanted.keys()) if (!this.tiles.has(key) && !this.lost.has(key)) count++
    return count
  }

  fetchNext() {
    for (const tile of this.wanted.values()) {
      if (this.loading.size >= AT_ONCE) return
      const { key } = tile
      const mayAsk = (this.lost.get(key) ?? 0) <= Date.now()
      if (!this.tiles.has(key) && !this.loading.has(key) && mayAsk) this.fetch(tile)
    }
  }

  async fetch(tile) {
    const { key } = tile
    const controller = new AbortController()
    this.loading.set(key, controller)
    const { signal } = controller
    const picture = await this.load(tile, signal).catch((error) => {
      this.report(key, error, signal)
    })
    this.loading.delete(key)
    if (picture && !signal.aborted) this.put(key, picture)
    else picture?.close()
    this.fetchNext()
    if (!signal.aborted) this.changed()
  }

  async load({ src, decode }, signal) {
    const answer = await fetch(src, { signal })
    if (!answer.ok) throw new Refusal(answer.status, await answer.text())
    const blob = answer.status === 204 ? null : await answer.blob()
    return blob?.size ? decode(await this.read(blob)) : EMPTY
  }

  report(key, error, { aborted }) {
    if (aborted) return
    this.lose(key, error.status)
    if (error.status === 503) return
    if (!(error instanceof Refusal)) console.error("compare viewer:", error)
    this.failed(error instanceof Refusal ? error.message
      : "The server does not answer, or what it sends cannot be read.")
  }

  // A busy server is asked again; what cannot be had is not, until the pictures are others.
  lose(key, status) {
    if (status !== 503) return this.lost.set(key, Infinity)
    this.lost.set(key, Date.now() + this.againMs)
    setTimeout(() => {
      this.lost.delete(key)
      this.fetchNext()
    }, this.againMs)
  }

  put(key, tile) {
    this.tiles.set(key, tile)
    this.bytes += tile.bytes
    this.evict()
  }

  // What is wanted stays, however much it is.
  evict() {
    for (const [key, tile] of this.tiles) {
      if (this.bytes <= this.mostBytes) return
      if (!this.wanted.has(key)) this.drop(key, tile)
    }
  }

  drop(key, tile) {
    this.tiles.delete(key)
    this.bytes -= tile.bytes
    tile.close()
  }

  // All of a picture whose keys start like this.
  forget(start) {
    const isOf = (key) => key.startsWith(start)
    this.points.delete(start)
    for (const map of [this.lost, this.wanted]) {
      for (const key of [...map.keys()].filter(isOf)) map.delete(key)
    }
    for (const [key, controller] of this.loading) if (isOf(key)) controller.abort()
    for (const [key, tile] of this.tiles) if (isOf(key)) this.drop(key, tile)
  }

  close() {
    clearTimeout(this.timer)
    this.want([])
    this.forget("")
  }
}
