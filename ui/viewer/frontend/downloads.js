// Pictures that have an address, each fetched once. Only what is asked for is waited for; the
// others follow one by one, so that the slider over frames needs no server any more.

export class Downloads {
  constructor() {
    this.blobs = new Map() // digest → promise of a blob
    this.wanted = []
    this.busy = false
  }

  get(digest, src) {
    if (!this.blobs.has(digest)) {
      const fetched = fetch(src).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status} for ${src}`)
        return answer.blob()
      })
      this.blobs.set(digest, fetched)
      fetched.catch(() => this.blobs.delete(digest)) // it is asked for again another time
    }
    return this.blobs.get(digest)
  }

  keep(pictures) {
    this.wanted = pictures.filter(({ src }) => !src.startsWith("data:"))
    const digests = new Set(this.wanted.map(({ digest }) => digest))
    for (const digest of this.blobs.keys()) if (!digests.has(digest)) this.blobs.delete(digest)
    return this.fetchOthers()
  }

  async fetchOthers() {
    if (this.busy) return
    this.busy = true
    const tried = new Set()
    for (;;) {
      const next = this.wanted.find(({ digest }) => !this.blobs.has(digest) && !tried.has(digest))
      if (!next) break
      tried.add(next.digest)
      await this.get(next.digest, next.src).catch(() => null) // reported when it is to be shown
    }
    this.busy = false
  }
}
