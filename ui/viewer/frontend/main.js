// What Streamlit calls: once when the component appears, and again on every change of its data.

import { Viewer } from "./viewer.js"

const viewers = new WeakMap() // parentElement → Viewer

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  let viewer = viewers.get(parentElement)
  if (!viewer) {
    viewer = new Viewer(parentElement)
    viewers.set(parentElement, viewer)
  }
  viewer.update(data, {
    click: (pixel) => setTriggerValue("click", pixel),
    rectangle: (drawn) => setStateValue("rectangle", drawn),
  })
  // Streamlit calls only the latest of these, and only when the element goes away.
  return () => {
    viewers.delete(parentElement)
    viewer.destroy()
  }
}
