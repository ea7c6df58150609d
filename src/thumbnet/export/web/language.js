// Which language is spoken, and how words and shares are said in it.

import { keep, recall } from "./memory.js";
import { WORDS } from "./words.js";

const TAGS = { en: "en", zh: "zh-CN" };
const STORED = "thumbnet.language";

const stored = recall(STORED);
const guessed = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
let language = Object.hasOwn(WORDS, stored ?? "") ? stored : guessed;

/** "en" or "zh". */
export function spokenLanguage() {
  return language;
}

/** The words named by key, with {name} replaced by values.name. */
export function say(key, values = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  keep(STORED, language);
}

// Rounded, but never to a certainty that the model has not.
export function percent(probability) {
  if (probability > 0.9995 && probability < 1) return ">\u00a099.9%";
  if (probability > 0 && probability < 0.0005) return "<\u00a00.1%";
  return `${(100 * probability).toFixed(1)}%`;
}

// Put the words into every element that names one.
export function translatePage() {
  document.documentElement.lang = TAGS[language];
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  for (const element of document.querySelectorAll("[data-title]")) {
    element.title = say(element.dataset.title);
  }
  const button = document.getElementById("language");
  button.textContent = say("other");
  button.lang = language === "en" ? TAGS.zh : TAGS.en;
}
