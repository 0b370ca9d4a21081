// Keeps the parts of a page that are marked data-live up to date, and moves through rows with the arrow keys.
// All of the console works without it.

const body = document.body;
const toggle = document.getElementById("live");
const said = document.getElementById("said");
let source = null;
let version = body.dataset.version;
let announced = document.getElementById("announce")?.textContent ?? "";
let wanted = null;
let isLoading = false;

// the browser's word: live or not, kept for this tab
const store = {
  get isLive() { try { return sessionStorage.getItem("live") !== "no"; } catch { return true; } },
  set isLive(value) { try { sessionStorage.setItem("live", value ? "yes" : "no"); } catch { /* not kept */ } },
};

function isInUse(part) {
  // somebody writes in it, or has marked a text of it
  const active = document.activeElement;
  if (part.contains(active) && active.matches("input, select, textarea")) return true;
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(part, true);
}

function replace(part, fresh) {
  if (part.innerHTML === fresh.innerHTML) return true;
  if (isInUse(part)) return false;
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  const again = active && (active.id ? `#${CSS.escape(active.id)}` : active.getAttribute("href") && `a[href="${CSS.escape(active.getAttribute("href"))}"]`);
  const isAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 40;
  part.innerHTML = fresh.innerHTML;
  if (again) (part.querySelector(again) ?? document.getElementById("main")).focus({ preventScroll: true });
  else if (active) document.getElementById("main").focus({ preventScroll: true });
  if (part.id === "talk" && isAtEnd) scrollTo(0, document.documentElement.scrollHeight);
  return true;
}

function announce(text) {
  if (text === announced) return;
  announced = text;
  said.textContent = text;
}

async function load() {
  if (isLoading || wanted === null || wanted === version || document.hidden || !store.isLive) return;
  isLoading = true;
  const loaded = wanted;
  let isDone = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "follow" });
    if (answer.redirected || !answer.ok) { location.reload(); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh !== null) isDone = replace(part, fresh) && isDone;
    }
    announce(page.getElementById("announce")?.textContent ?? "");
    if (isDone) version = loaded;
  } catch {
    // the service is away: the next event asks again
  } finally {
    isLoading = false;
  }
  if (wanted !== version) setTimeout(load, 1000);
}

function listen() {
  source = new EventSource(body.dataset.events);
  source.addEventListener("changed", (event) => { wanted = event.data; load(); });
}

function show() {
  toggle.setAttribute("aria-pressed", String(store.isLive));
  if (store.isLive && source === null) listen();
  if (!store.isLive && source !== null) { source.close(); source = null; }
}

if (body.dataset.events) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => { store.isLive = !store.isLive; show(); });
  document.addEventListener("visibilitychange", load);
  addEventListener("pagehide", () => { source?.close(); source = null; });
  addEventListener("pageshow", show);
}

// rows: up and down, first and last
const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const row = event.target.closest?.("[data-rows] tbody tr");
  if (step === undefined || !row || event.ctrlKey || event.altKey || event.metaKey) return;
  const rows = [...row.parentElement.rows].filter((one) => one.querySelector("a, button"));
  const at = rows.indexOf(row);
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  if (next === undefined) return;
  event.preventDefault();
  next.querySelector("a, button").focus();
});
