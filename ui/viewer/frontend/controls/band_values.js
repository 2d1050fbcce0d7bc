// The image's own values at a pixel, asked of the server once the pointer rests on it. What is shown
// belongs to the pixel that is pointed at, or is nothing.

const REST_MS = 60
const MOST = 4000 // answers kept

export class BandValues {
  // `changed()`: an answer is there. `get(url, {signal})` → promise of {values, data}.
  constructor(changed, get = fetchJson) {
    this.changed = changed
    this.get = get
    this.known = new Map() // url of a pixel → {values, data}, or null where there is no answer
    this.asked = null
    this.timer = 0
    this.abort = null
  }

  // What is known of a pixel: {values, data}, null where the server has no answer, undefined while
  // there is none yet. `source`: {url} as ../band_values.py has it; `pixel` null: nothing is asked.
  at(source, pixel) {
    const url = source && pixel && `${source.url}/${pixel.x}/${pixel.y}`
    if (url !== this.asked) {
      this.cancel()
      this.asked = url
      if (this.known.get(url) === null) this.known.delete(url) // asked again another time
      if (url && !this.known.has(url)) this.timer = setTimeout(() => this.fetch(url), REST_MS)
    }
    return this.known.get(url)
  }

  cancel() {
    clearTimeout(this.timer)
    this.abort?.abort()
    this.asked = this.abort = null
  }

  async fetch(url) {
    const abort = (this.abort = new AbortController())
    const answer = await this.get(url, abort).catch(() => null)
    if (abort.signal.aborted) return // the pointer is elsewhere
    this.known.set(url, answer)
    if (this.known.size > MOST) this.known.delete(this.known.keys().next().value)
    this.changed()
  }
}

async function fetchJson(url, { signal }) {
  const answer = await fetch(url, { signal })
  if (!answer.ok) throw new Error(`${answer.status} for ${url}`)
  return answer.json()
}
