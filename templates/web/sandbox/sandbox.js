// Keeps the page as it is now: asks for a number every few seconds, and fetches
// the page again when it has grown. Times are shown in the reader's own zone.
// Nothing moves by itself for those who asked for less motion: the style sheet
// animates only for the others, and the button stops all of it for anybody.

const LOOK = 3000; // milliseconds between looks
const REFRESH = 20000; // counters grow although nothing arrives

const button = document.querySelector("[data-pause]");
const status = document.querySelector("[data-status]");
let version = null;
let refreshed = Date.now();
let paused = sessionStorage.getItem("paused") === "yes";

function localize(root) {
  const language = document.documentElement.lang;
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
  for (const time of root.querySelectorAll("time[data-local]")) {
    time.textContent = day.format(new Date(time.dateTime));
  }
}

function keys(root) {
  return new Set([...root.querySelectorAll("[data-key]")].map((element) => element.dataset.key));
}

function isBusy(main) {
  const focused = document.activeElement;
  const isTyping = main.contains(focused) && focused.matches("input, select, textarea, iframe, button");
  return isTyping || main.querySelector("[data-still]") || !getSelection().isCollapsed;
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  const main = document.querySelector("main");
  const before = keys(main);
  const href = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  localize(fresh);
  let arrived = 0;
  for (const element of fresh.querySelectorAll("[data-key]")) {
    if (!before.has(element.dataset.key)) {
      element.classList.add("arrived");
      arrived += 1;
    }
  }
  main.replaceChildren(...fresh.childNodes);
  if (href) main.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
  if (arrived) status.textContent = document.body.dataset.updated;
  refreshed = Date.now();
}

async function look() {
  if (paused || document.hidden || isBusy(document.querySelector("main"))) return;
  try {
    const now = JSON.stringify(await (await fetch("/api/version")).json());
    const isNew = version !== null && now !== version;
    version = now;
    status.textContent = "";
    if (isNew || Date.now() - refreshed > REFRESH) await refresh();
  } catch {
    version = null; // the sandbox is stopped: look again later
  }
}

function show() {
  button.setAttribute("aria-pressed", String(paused));
}

button.hidden = false;
button.addEventListener("click", () => {
  paused = !paused;
  sessionStorage.setItem("paused", paused ? "yes" : "no");
  show();
});
show();
localize(document);
setInterval(look, LOOK);
look();
