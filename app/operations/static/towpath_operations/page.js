"use strict";
// Refreshes the state of the site while the page is visible: one request at a time, none while it is hidden.
{
  const INTERVAL_MS = 3000;
  const state = document.getElementById("towpath-state");
  let timer = 0;
  let isAsking = false;

  async function refresh() {
    clearTimeout(timer);
    if (document.visibilityState !== "visible" || isAsking) return;
    isAsking = true;
    try {
      const response = await fetch(state.dataset.address, { credentials: "same-origin", redirect: "manual" });
      if (response.type === "opaqueredirect" || response.status === 403) return location.reload(); // logged out
      // A button that has the focus stays where it is.
      if (response.ok && !state.contains(document.activeElement)) state.innerHTML = await response.text();
    } catch (error) {
      console.warn("The state of the site could not be read", error); // the site is restarted, say
    }
    isAsking = false;
    timer = setTimeout(refresh, INTERVAL_MS);
  }

  document.addEventListener("visibilitychange", refresh);
  timer = setTimeout(refresh, INTERVAL_MS);
}
