// What repeats while a mode with a timer is in use.

export class Beat {
  constructor(turn) {
    this.turn = turn
    this.ms = 0
    this.timer = 0
  }

  // Every so many milliseconds; 0: not at all. The same again goes on undisturbed.
  set(ms) {
    if (ms === this.ms) return
    this.ms = ms
    clearInterval(this.timer)
    if (ms) this.timer = setInterval(this.turn, ms)
  }
}
