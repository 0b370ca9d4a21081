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
let later = 0;
let again = 0;

const AGAIN_MS = 5000;
// the page is gone, or its reader is a stranger by now: only the page itself can say so
const GONE = new Set([401, 403, 404]);

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
    if (answer.redirected || GONE.has(answer.status)) { location.reload(); return; }
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh !== null) isDone = replace(part, fresh) && isDone;
    }
    announce(page.getElementById("announce")?.textContent ?? "");
    if (isDone) version = loaded;
  } catch {
    // the service is away, or a proxy says so: what is here stays, and it is tried again
  } finally {
    isLoading = false;
  }
  clearTimeout(later);
  if (wanted !== version) later = setTimeout(load, 1000);
}

function listen() {
  source = new EventSource(body.dataset.events);
  source.addEventListener("open", () => showState(true));
  source.addEventListener("changed", (event) => { wanted = event.data; load(); });
  source.addEventListener("error", lose);
}

function lose() {
  showState(false);
  // after an answer that is no stream, as of a proxy or of a session that is over, the browser gives up: we do not
  if (source.readyState !== EventSource.CLOSED) return;
  source = null;
  again = setTimeout(() => { wanted = ""; load(); show(); }, AGAIN_MS);
}

function showState(isConnected) {
  toggle.classList.toggle("lost", !isConnected);
  toggle.textContent = isConnected ? "Live updates" : "Live updates: no connection";
}

function show() {
  clearTimeout(again);
  toggle.setAttribute("aria-pressed", String(store.isLive));
  if (store.isLive && source === null) listen();
  if (store.isLive) return;
  source?.close();
  source = null;
  showState(true);
}

if (body.dataset.events) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => { store.isLive = !store.isLive; show(); });
  document.addEventListener("visibilitychange", load);
  addEventListener("pagehide", () => { clearTimeout(again); source?.close(); source = null; });
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
