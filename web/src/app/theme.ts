// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the system says; public/theme.js applies it before the first paint.

export type Theme = "system" | "light" | "dark";

/** What was chosen here. */
export function theme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** Choose, now and for the next visit. */
export function setTheme(chosen: Theme): void {
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  try {
    if (chosen === "system") localStorage.removeItem("clarion.theme");
    else localStorage.setItem("clarion.theme", chosen);
  } catch {
    // Not kept, then.
  }
}
