// Every word of the page, in both languages, and which of them is spoken.

const WORDS = {
  en: {
    drawDigit: "Draw a digit",
    drawAny: "Draw or open a picture",
    board: "Paper to draw on, with a mouse, a pen or a finger",
    hint: "Draw here. You can drop or paste a picture, too.",
    drop: "Drop the picture here",
    undo: "Undo",
    undoKeys: "Undo (Ctrl+Z)",
    clear: "Clear",
    clearKeys: "Clear (Delete or Escape)",
    open: "Open picture",
    answer: "Answer",
    nothing: "Nothing drawn yet",
    sure: "{percent} sure",
    notDigit: "Not a digit",
    notClass: "None of these",
    closest: "Closest: {label} ({percent})",
    seen: "What the model saw",
    bars: "Probabilities",
    spoken: "{label}, {percent}",
    cleared: "Nothing drawn",
    privacy: "Everything is computed on this page. What you draw never leaves your device.",
    model: "Thumbnet {version} · {count} classes",
    loading: "Loading the recogniser: {percent}",
    starting: "Starting the recogniser",
    failed: "The recogniser could not be started. {reason}",
    noPicture: "“{name}” cannot be read as a picture.",
    noAnswer: "No answer was possible. {reason}",
    other: "中文",
  },
  zh: {
    drawDigit: "写一个数字",
    drawAny: "画一幅图，或打开图片",
    board: "画纸：可用鼠标、手写笔或手指书写",
    hint: "在这里书写，也可以拖入或粘贴图片。",
    drop: "将图片拖放到这里",
    undo: "撤销",
    undoKeys: "撤销（Ctrl+Z）",
    clear: "清除",
    clearKeys: "清除（Delete 或 Esc）",
    open: "打开图片",
    answer: "识别结果",
    nothing: "尚未书写",
    sure: "把握 {percent}",
    notDigit: "不是数字",
    notClass: "不属于任何类别",
    closest: "最接近：{label}（{percent}）",
    seen: "模型看到的图像",
    bars: "各类别概率",
    spoken: "{label}，{percent}",
    cleared: "画纸为空",
    privacy: "全部计算都在本页完成，您所写的内容不会离开您的设备。",
    model: "Thumbnet {version} · {count} 个类别",
    loading: "正在载入识别模型：{percent}",
    starting: "正在启动识别模型",
    failed: "识别模型无法启动。{reason}",
    noPicture: "无法将“{name}”作为图片读取。",
    noAnswer: "无法给出结果。{reason}",
    other: "English",
  },
};
const TAGS = { en: "en", zh: "zh-CN" };
const STORED = "thumbnet.language";

let language = remembered() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

// Storage may be forbidden (private windows, embedding): the choice then lasts as long as the page.
function remembered() {
  try {
    const stored = localStorage.getItem(STORED);
    return stored in WORDS ? stored : null;
  } catch {
    return null;
  }
}

export function say(key, values = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // see remembered()
  }
}

// Rounded, but never to a certainty that the model has not.
export function percent(probability) {
  if (probability > 0.9995 && probability < 1) return "> 99.9%";
  if (probability > 0 && probability < 0.0005) return "< 0.1%";
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
