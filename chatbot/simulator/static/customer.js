// The customer side of a chat: polls the Customer Chat API and draws what it says.
// Everything that comes from others is set as text, never as markup.

const POLL_MS = 1000;
const TYPING_PAUSE_MS = 2500;
const NOT_FOUND = 6;
const CENTER = { ContactCenterId: "cfe5ad67-ba6d-4340-81f9-bb680ef5d498" };
const STATES = {
  WaitingForAgent: "Waiting for an agent …",
  Chatting: "You are talking to an agent.",
  Idle: "The chat has ended.",
  Gone: "The server was started again and does not know this chat any more.",
};
const OVER = new Set(["Idle", "Gone"]);
const AWAY = "The server cannot be reached. Trying again …";

const page = Object.fromEntries(
  [...document.querySelectorAll("[id]")].map((element) => [element.id, element]),
);

const store = {
  load: () => sessionStorage.getItem("chat"),
  save: (id) => sessionStorage.setItem("chat", id),
  clear: () => sessionStorage.removeItem("chat"),
};

let chat = null;

class Refusal extends Error {
  constructor(statusCode, message) {
    super(message);
    this.statusCode = statusCode;
  }
}

async function call(method, path, body) {
  const options = { method, headers: { ...CENTER, "Content-Type": "application/json" }, credentials: "omit" };
  const response = await fetch(path, body ? { ...options, body: JSON.stringify(body) } : options);
  const answer = await response.json();
  if (answer.statusCode !== 0) {
    throw new Refusal(answer.statusCode, answer.statusMessage ?? `The server answered ${response.status}.`);
  }
  return answer;
}

function operate(operationName, fields = {}) {
  return call("POST", `/api/v2/chats/${chat.id}`, { operationName, ...fields });
}

/** Do something and show on the page what went wrong, if it did. */
async function attempt(action) {
  try {
    const result = await action();
    page.error.textContent = "";
    return result;
  } catch (error) {
    page.error.textContent = `That did not work: ${error.message}`;
    return undefined;
  }
}

// Drawing

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function draw(item) {
  const isAtEnd = page.log.scrollHeight - page.log.scrollTop - page.log.clientHeight < 60;
  page.log.append(item);
  if (isAtEnd) {
    page.log.scrollTop = page.log.scrollHeight;
  }
}

function drawBubble(line, content) {
  const isMine = line.from.type === "Customer";
  const item = element("li", `line ${isMine ? "mine" : "theirs"}`, "");
  item.append(element("span", "who", isMine ? "You" : line.from.nickname), content);
  draw(item);
}

function drawEvent(text) {
  draw(element("li", "line event", text));
}

function link(url) {
  const made = element("a", "", url);
  if (/^https?:\/\//i.test(url)) {
    made.href = url;
    made.rel = "noreferrer noopener";
    made.target = "_blank";
  }
  return made;
}

const drawings = {
  Text: (line) => drawBubble(line, line.text),
  PushUrl: (line) => drawBubble(line, link(line.url)),
  Notice: (line) => drawEvent(line.text ?? "Notice"),
  CustomNotice: (line) => drawEvent(line.noticeText ?? "Notice"),
  NicknameUpdated: (line) => drawEvent(`${line.from.nickname} has a new name.`),
  ParticipantJoined: (line) => drawEvent(`${line.from.nickname} joined.`),
  ParticipantLeft: (line) => drawEvent(`${line.from.nickname} left.`),
  ParticipantRejoined: (line) => drawEvent(`${line.from.nickname} is back.`),
};

function noteTyping(line) {
  if (line.from.type === "Customer") {
    return;
  }
  if (line.type === "TypingStarted") {
    chat.typists.add(line.from.nickname);
  } else {
    chat.typists.delete(line.from.nickname);
  }
  const names = [...chat.typists].join(", ");
  page.typing.textContent = names ? `${names} is typing …` : "";
}

function show(line) {
  drawings[line.type]?.(line);
  noteTyping(line);
}

// The course of a chat

function showStatus() {
  page.status.textContent = chat.isAway ? AWAY : (STATES[chat.state] ?? chat.state ?? "");
}

/** Whether the server answers: while it does not, the chat is kept, and asked for again. */
function noteServer(isAway) {
  if (chat.isAway !== isAway) {
    chat.isAway = isAway;
    page.error.textContent = "";
    showStatus();
  }
}

function showState(state) {
  if (chat.state === state) {
    return;
  }
  chat.state = state;
  const isOver = OVER.has(state);
  showStatus();
  page.end.hidden = isOver;
  page.composer.hidden = isOver;
  page.again.hidden = !isOver;
  if (isOver) {
    page.typing.textContent = "";
    page.again.focus();
  }
}

async function look() {
  const looked = chat;
  const { chat: resource } = await call("GET", `/api/v2/chats/${looked.id}`);
  const { messages } = await call("GET", `/api/v2/chats/${looked.id}/messages?index=${looked.seen + 1}`);
  if (looked !== chat) {
    return;
  }
  for (const line of messages.filter((candidate) => candidate.index > looked.seen)) {
    looked.seen = line.index;
    show(line);
  }
  showState(resource.state);
}

/** Look once more. A chat that the server does not know (any more) is not worth waiting for. */
async function lookAgain() {
  const looked = chat;
  try {
    await look();
  } catch (error) {
    if (looked !== chat) {
      return;
    }
    if (!(error instanceof Refusal)) {
      noteServer(true);
      return;
    }
    if (error.statusCode !== NOT_FOUND) {
      throw error;
    }
    store.clear();
    looked.isAway = false;
    showState("Gone");
    return;
  }
  if (looked === chat) {
    noteServer(false);
  }
}

async function follow() {
  const followed = chat;
  while (chat === followed && !OVER.has(followed.state)) {
    await attempt(lookAgain);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function enter(id) {
  chat = { id, seen: 0, state: null, isAway: false, typists: new Set(), isTyping: false, timer: null };
  store.save(id);
  page.start.hidden = true;
  page.talk.hidden = false;
  page.log.replaceChildren();
  page.text.value = "";
  page.text.focus();
  follow();
}

function startAnew() {
  chat = null;
  store.clear();
  page.talk.hidden = true;
  page.end.hidden = true;
  page.start.hidden = false;
  page.error.textContent = "";
  page.status.textContent = "Start a chat to talk to us.";
  page.nickname.focus();
  attempt(offerQueues); // there may be others since
}

async function start(event) {
  event.preventDefault();
  const form = new FormData(page.start);
  const fields = Object.fromEntries([...form].filter(([, value]) => value !== ""));
  const answer = await attempt(() => call("POST", "/api/v2/chats", { operationName: "RequestChat", ...fields }));
  if (answer) {
    enter(answer.id);
  }
}

async function stopTyping() {
  clearTimeout(chat.timer);
  if (chat.isTyping) {
    chat.isTyping = false;
    await operate("SendStopTypingNotification");
  }
}

async function noteInput() {
  clearTimeout(chat.timer);
  chat.timer = setTimeout(() => attempt(stopTyping), TYPING_PAUSE_MS);
  if (!chat.isTyping) {
    chat.isTyping = true;
    await operate("SendStartTypingNotification");
  }
}

async function send(event) {
  event.preventDefault();
  const text = page.text.value.trim();
  if (!text) {
    return;
  }
  await attempt(async () => {
    await stopTyping();
    await operate("SendMessage", { text });
    // Only now: a message that did not go out stays where the customer can send it again.
    page.text.value = "";
    await look();
  });
  page.text.focus();
}

async function end() {
  await attempt(async () => {
    await operate("Complete");
    await look();
  });
}

async function offerQueues() {
  const response = await fetch("/simulator/queues");
  const { queues } = await response.json();
  page.endpoint.replaceChildren(...queues.map((name) => new Option(name, name)));
  if (queues.includes("default")) {
    page.endpoint.value = "default";
  }
  page["queue-choice"].hidden = queues.length < 2;
}

page.start.addEventListener("submit", start);
page.composer.addEventListener("submit", send);
page.text.addEventListener("input", () => attempt(noteInput));
page.end.addEventListener("click", end);
page.again.addEventListener("click", startAnew);

attempt(offerQueues);
const earlier = store.load();
if (earlier) {
  enter(earlier);
}
