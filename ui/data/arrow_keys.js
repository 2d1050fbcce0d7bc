// Arrow keys on the page, left and right, tell the script to step; not where they mean another thing.

// Fields that are typed in, and what arrow keys move within.
const OWNERS =
  "input, textarea, select, [contenteditable=true], [role=slider], [role=radio], [role=tab], [role=listbox], [role=combobox], [role=grid]"

export default function ({ setTriggerValue }) {
  const step = (event) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!direction || isElsewhere(event)) return
    event.preventDefault()
    setTriggerValue("step", direction)
  }
  document.addEventListener("keydown", step)
  return () => document.removeEventListener("keydown", step)
}

function isElsewhere(event) {
  if (event.repeat || event.defaultPrevented) return true
  if (["Control", "Meta", "Alt", "Shift"].some((key) => event.getModifierState(key))) return true
  if (event.composedPath().some((node) => node.matches?.(OWNERS))) return true
  return document.querySelector("[role=dialog]") !== null
}
