// Warns before somebody is signed out for want of use, keeps what they have typed, and leaves nothing on the screen.
// Without it the server ends the session all the same, and keeps a form that is sent too late.

const PING_AFTER = 4 * 60 * 1000;
const EVERY = 1000;

/** The first form of the page in which somebody has typed since it was shown. */
function formsAsShown() {
  const shown = new Map();
  document.querySelectorAll("main form[method='post']").forEach((form) => {
    shown.set(form, new URLSearchParams(new FormData(form)).toString());
  });
  return () => [...shown.keys()].find((form) => new URLSearchParams(new FormData(form)).toString() !== shown.get(form));
}

/** Goes to the page that signs out, with what was typed, under names that say it was not sent. */
function leave(warning, form) {
  const away = document.createElement("form");
  away.method = "post";
  away.action = warning.dataset.leave;
  away.hidden = true;
  const add = (name, value) => {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    away.append(field);
  };
  add("held_path", window.location.pathname + window.location.search);
  const token = document.querySelector("input[name='csrfmiddlewaretoken']");
  if (token) add("csrfmiddlewaretoken", token.value);
  if (form) {
    new FormData(form).forEach((value, name) => {
      if (typeof value !== "string" || name === "csrfmiddlewaretoken") return;
      add(name === "form_owner" ? "held_owner" : name, value);
    });
    const action = new URL(form.action, window.location.href);
    away.querySelector("[name='held_path']").value = action.pathname + action.search;
  }
  document.body.replaceChildren(away);
  away.submit();
}

function words(seconds) {
  if (seconds > 90) return `${Math.round(seconds / 60)} minutes`;
  return seconds === 1 ? "1 second" : `${seconds} seconds`;
}

export function watchIdle() {
  const warning = document.getElementById("idle-warning");
  if (!warning) return;
  const idle = Number(warning.dataset.harbourIdle) * 1000;
  const warn = Number(warning.dataset.warn) * 1000;
  const left = warning.querySelector("[data-harbour-left]");
  const changed = formsAsShown();
  const others = "BroadcastChannel" in window ? new BroadcastChannel("harbour-idle") : null;
  let used = Date.now();
  let typedAt = 0;
  let before = null;
  let timer = 0;

  const usedNow = () => {
    used = Date.now();
    if (warning.hidden) return;
    warning.hidden = true;
    before?.focus();
  };
  const stay = async () => {
    const token = document.querySelector("input[name='csrfmiddlewaretoken']");
    const asked = Date.now();
    try {
      const answer = await fetch(warning.dataset.stay, {
        method: "POST",
        credentials: "same-origin",
        redirect: "error",
        headers: { "X-CSRFToken": token ? token.value : "" },
      });
      if (!answer.ok || Date.now() - asked > idle) return;
      usedNow();
      others?.postMessage("used");
    } catch {
      // The network is away for a moment, or the session is over: the time runs on.
    }
  };
  const look = () => {
    const remaining = used + idle - Date.now();
    if (remaining <= 0) {
      window.clearInterval(timer);
      others?.postMessage("over");
      leave(warning, changed());
      return;
    }
    // Somebody who writes at length is there, although nothing has been sent.
    if (typedAt > used && Date.now() - used > PING_AFTER && remaining > warn) {
      used = Date.now();
      stay();
      return;
    }
    if (remaining > warn) return;
    const seconds = Math.ceil(remaining / 1000);
    // Read out when it opens and now and then, not each second.
    if (warning.hidden || seconds % 30 === 0 || seconds <= 10) left.textContent = words(seconds);
    if (warning.hidden) {
      before = document.activeElement;
      warning.hidden = false;
      warning.focus();
    }
  };

  document.addEventListener("input", () => { typedAt = Date.now(); });
  warning.querySelector("button").addEventListener("click", stay);
  if (others) {
    others.onmessage = (event) => { if (event.data === "used") usedNow(); };
    others.postMessage("used");
  }
  timer = window.setInterval(look, Math.min(EVERY, idle / 4));
}
