// What GOV.UK and MOJ Frontend do not do. Everything here only helps: each page works without it.

/** Opens what is folded before printing, and folds it again after. */
function openDetailsForPrint() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => details.setAttribute("open", ""));
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((details) => details.removeAttribute("open"));
    opened = [];
  });
}

/** Shows what a radio button reveals while it is picked. Without this script it all stands open. */
function revealBelowRadios() {
  document.querySelectorAll("[data-module='govuk-radios']").forEach((group) => {
    const radios = [...group.querySelectorAll("input[data-harbour-reveals]")];
    const show = () => radios.forEach((radio) => {
      const below = document.getElementById(radio.dataset.harbourReveals);
      if (below) below.classList.toggle("govuk-radios__conditional--hidden", !radio.checked);
    });
    if (radios.length) {
      group.addEventListener("change", show);
      window.addEventListener("pageshow", show);
      show();
    }
  });
}

/** Shows the print buttons, which need a script to do anything. */
function showPrintButtons() {
  document.querySelectorAll("button[data-harbour-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
}

/**
 * Keeps on the server what is typed in a long form when its page is left by a link, and shows it again to who comes back.
 * Each keeping is a submission of its own, under a key of its own; the form's buttons keep it without this script.
 */
function keepWhatIsTyped() {
  document.querySelectorAll("form[data-harbour-keep]").forEach((form) => {
    const typed = () => new URLSearchParams(new FormData(form)).toString();
    let saved = form.dataset.harbourKeep === "unsaved" ? "" : typed();
    let pressed = false;
    let kept = false;
    const keep = () => {
      if (pressed || typed() === saved || !window.crypto?.randomUUID) return;
      const fields = new URLSearchParams(new FormData(form));
      fields.set("idempotency_key", window.crypto.randomUUID());
      fields.set("kept", "yes");
      kept = navigator.sendBeacon(form.action, fields);
      saved = typed();
    };
    document.addEventListener("submit", (event) => {
      if (event.target === form) pressed = true;
      else keep(); // before a session ends by its own button
    });
    window.addEventListener("pagehide", keep);
    window.addEventListener("pageshow", (event) => {
      pressed = false;
      if (event.persisted && kept) window.location.reload();
    });
  });
}

export function initHarbour() {
  keepWhatIsTyped();
  openDetailsForPrint();
  showPrintButtons();
  revealBelowRadios();
}
