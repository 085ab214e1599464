// SPDX-License-Identifier: Apache-2.0
// Before the first paint, so that the chosen theme does not flash.
(() => {
  const chosen = localStorage.getItem("clarion.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
