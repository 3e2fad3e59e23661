// Keeps the page of a report up to date while it is being made. Without it there is a link that does the same.

const EVERY = 2000;
const AT_MOST = 150;

/** Asks for this page again, and shows how far the report is; once it is no longer being made, loads the page anew. */
export function watchProgress() {
  const shown = document.querySelector("[data-harbour-progress]");
  if (!shown) return;
  let asked = 0;
  const ask = async () => {
    asked += 1;
    try {
      const answer = await fetch(window.location.href, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = page.querySelector("[data-harbour-progress]");
      if (!now) {
        window.location.reload();
        return;
      }
      const words = now.querySelector("[data-harbour-progress-words]").textContent;
      const here = shown.querySelector("[data-harbour-progress-words]");
      if (here.textContent !== words) here.textContent = words;
      shown.querySelector("progress").value = now.querySelector("progress").value;
    } catch {
      // The network is away for a moment; the next question may be answered.
    }
    if (asked < AT_MOST) window.setTimeout(ask, EVERY);
  };
  window.setTimeout(ask, EVERY);
}
