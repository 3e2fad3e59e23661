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

export function initHarbour() {
  openDetailsForPrint();
  showPrintButtons();
  revealBelowRadios();
}
