// One entry in the browser's history for each step of a person, with the address of what is shown.
//
// Streamlit pushes an entry whenever the server changes a parameter of the address, several for one
// click, and replaces the entry when a control in the page does. Nothing tells it otherwise, so
// both calls are led through here. A place is a page and its view: whoever goes to another one makes
// an entry, once, and whatever else changes meanwhile belongs to the entry it changes.
;(() => {
  const push = history.pushState.bind(history)
  const replace = history.replaceState.bind(history)
  // The first visit is an entry already; nothing makes another before somebody does something.
  let made = true
  let before = location.href

  const place = address => {
    const url = new URL(address, location.href)
    return `${url.pathname}?${url.searchParams.get("view") ?? ""}`
  }
  const running = () =>
    document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "running"

  const act = event => {
    if (["Shift", "Control", "Alt", "Meta", "Tab"].includes(event.key)) return
    // Until the page has come to rest the address is on its way to another one.
    if (!made && running()) return
    made = false
    before = location.href
  }
  // A tab opens when the button goes down, before there is a click.
  addEventListener("pointerdown", act, true)
  addEventListener("click", act, true)
  addEventListener("keydown", act, true)
  // Back and forward lead to entries that are there; what follows from that makes no other.
  addEventListener("popstate", () => { made = true }, true)

  const go = (state, title, url) => {
    if (url == null || made || place(url) === place(location.href)) {
      replace(state, title, url)
      return
    }
    // Parameters that the old place had already lost on the way.
    if (before !== location.href) replace(state, title, before)
    push(state, title, url)
    made = true
  }
  history.pushState = go
  history.replaceState = go
})()
