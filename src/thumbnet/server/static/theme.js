// Light or dark: as the system has it, until the visitor chooses.

import { keep, recall } from "./memory.js";

const STORED = "thumbnet.theme";

export function startTheme(button) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = recall(STORED);

  const isDark = () => (chosen === null ? system.matches : chosen === "dark");
  const render = () => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    button.setAttribute("aria-pressed", String(isDark()));
  };
  button.addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    keep(STORED, chosen);
    render();
  });
  system.addEventListener("change", render);
  render();
}
