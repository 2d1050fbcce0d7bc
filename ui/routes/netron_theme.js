// Netron's page in its frame follows the theme of the page around it: a switch of the theme runs no
// script on the server, so that the frame's address stays as it was.

const app = window.parent === window ? null : window.parent.document.querySelector("[data-testid=stApp]")

function follow() {
  const theme = window.parent.getComputedStyle(app).colorScheme
  const address = new URL(location.href)
  if (!["light", "dark"].includes(theme) || theme === address.searchParams.get("theme")) return
  address.searchParams.set("theme", theme)
  location.replace(address)
}

if (app) {
  follow() // it may have been switched while the graph was loading
  new MutationObserver(follow).observe(app, { attributes: true, attributeFilter: ["class"] })
}
