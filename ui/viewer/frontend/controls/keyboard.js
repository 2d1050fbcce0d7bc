// The keys of a pane that has the focus: each runs the action that names it.

import { ACTIONS, isEnabled } from "../actions.js"

// The first of those that name the key that is possible just now: a tool that is in use has keys of
// its own.
export function actionForKey(key, viewer) {
  const plain = key.length === 1 ? key.toLowerCase() : key
  return ACTIONS.find((action) => action.keys?.includes(plain) && isEnabled(action, viewer))
}

export class Keyboard {
  constructor(viewer) {
    this.viewer = viewer
  }

  down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const action = actionForKey(event.key, this.viewer)
    if (!action) return
    event.preventDefault()
    event.stopPropagation() // Streamlit has keys of its own: R runs the script again
    action.run(this.viewer, event)
  }

  up(event) {
    actionForKey(event.key, this.viewer)?.release?.(this.viewer)
  }

  // With the focus gone no key-up will come.
  releaseAll() {
    for (const action of ACTIONS) action.release?.(this.viewer)
  }
}
