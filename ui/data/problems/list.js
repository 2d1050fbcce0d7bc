// Findings as a list: a click on a row, or an arrow key, tells the script which one to show.

const lists = new WeakMap() // parentElement → what stands in it: Streamlit calls on every change

const NARROW = "(max-width: 640px)" // Streamlit's columns stand below each other
const SIGNS = { error: "✕", warning: "!", info: "i" }
const MOVES = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }

export default function ({ data, parentElement, setTriggerValue }) {
  let list = lists.get(parentElement)
  if (!list) {
    list = createList()
    parentElement.append(list.root)
    lists.set(parentElement, list)
  }
  list.send = (key) => setTriggerValue("pick", key)
  // Kept where nothing changed, so that neither focus nor place is lost.
  if (list.content !== data.content) {
    list.root.setAttribute("aria-label", data.label)
    list.root.replaceChildren(...data.rows.map(createRow))
    list.content = data.content
    list.selected = null
  }
  choose(list, data.selected)
  return () => {
    lists.delete(parentElement)
    list.root.remove()
  }
}

function createList() {
  const root = document.createElement("div")
  root.className = "list"
  root.dataset.testid = "problem-list"
  root.setAttribute("role", "listbox")
  const list = { root }
  root.addEventListener("click", (event) => pick(list, event.target.closest(".row")))
  root.addEventListener("keydown", (event) => {
    const move = MOVES[event.key]
    if (!move) return
    event.preventDefault()
    const rows = [...root.children]
    const here = rows.findIndex((row) => row.getAttribute("aria-selected") === "true")
    pick(list, rows[Math.min(Math.max(here + move, 0), rows.length - 1)])
  })
  return list
}

function pick(list, row) {
  if (!row) return
  choose(list, row.dataset.key) // at once; the script follows
  row.focus({ preventScroll: true })
  // What is said of it stands below the list there, not beside it.
  if (matchMedia(NARROW).matches) list.root.scrollIntoView({ block: "start" })
  list.send(row.dataset.key)
}

function choose(list, key) {
  for (const row of list.root.children) {
    const chosen = row.dataset.key === key
    row.setAttribute("aria-selected", String(chosen))
    row.tabIndex = chosen ? 0 : -1
    // Without moving the page, as `scrollIntoView` would.
    if (chosen && list.selected !== key) bringIntoView(list.root, row)
  }
  list.selected = key
}

function bringIntoView(root, row) {
  const outer = root.getBoundingClientRect()
  const inner = row.getBoundingClientRect()
  if (inner.top < outer.top) root.scrollTop -= outer.top - inner.top
  else if (inner.bottom > outer.bottom) root.scrollTop += inner.bottom - outer.bottom
}

function createRow({ key, severity, kind, sample, detail }) {
  const row = element("div", "row")
  row.dataset.key = key
  row.setAttribute("role", "option")
  const sign = element("span", `sign ${severity}`, SIGNS[severity])
  sign.setAttribute("role", "img")
  sign.setAttribute("aria-label", severity)
  const head = element("div", "head")
  head.append(element("b", "kind", kind), element("span", "sample", sample))
  const text = element("div", "text")
  text.append(head, element("div", "detail", detail))
  row.append(sign, text)
  return row
}

function element(tag, name, text = "") {
  const made = document.createElement(tag)
  made.className = name
  made.textContent = text
  return made
}
