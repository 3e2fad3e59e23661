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

/** Shows the print buttons, which need a script to do anything. */
function showPrintButtons() {
  document.querySelectorAll("button[data-harbour-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
}

export function initHarbour() {
  openDetailsForPrint();
  showPrintButtons();
}
