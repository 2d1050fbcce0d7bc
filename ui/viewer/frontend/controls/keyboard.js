// The keys of a pane that has the focus: each runs the action that names it.

import { ACTIONS, isEnabled } from "../actions.js"

export function actionForKey(key) {
  const plain = key.length === 1 ? key.toLowerCase() : key
  return ACTIONS.find(({ keys }) => keys?.includes(plain))
}

export class Keyboard {
  constructor(viewer) {
    this.viewer = viewer
  }

  down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const action = actionForKey(event.key)
    if (!action || !isEnabled(action, this.viewer)) return
    event.preventDefault()
    action.run(this.viewer, event)
  }

  up(event) {
    actionForKey(event.key)?.release?.(this.viewer)
  }

  // With the focus gone no key-up will come.
  releaseAll() {
    for (const action of ACTIONS) action.release?.(this.viewer)
  }
}
