// Arrow keys on the page, left and right, tell the script to step; not where they mean another thing.

// Fields that are typed in, and what arrow keys move within.
const OWNERS =
  "input, textarea, select, [contenteditable=true], [role=slider], [role=radio], [role=tab], [role=listbox], [role=combobox], [role=grid]"

export default function ({ setTriggerValue }) {
  const step = (event) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!direction || event.repeat || event.defaultPrevented) return
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
    if (event.composedPath().some((node) => node.matches?.(OWNERS))) return
    if (document.querySelector("[role=dialog]")) return
    event.preventDefault()
    setTriggerValue("step", direction)
  }
  document.addEventListener("keydown", step)
  return () => document.removeEventListener("keydown", step)
}
