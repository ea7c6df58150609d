// Draw, and the answer appears: this file joins the paper, the model and the view.

import { Board } from "./board.js";
import { percent, say, switchLanguage, translatePage } from "./language.js";
import { receivePictures } from "./pictures.js";
import { Recogniser } from "./recogniser.js";
import { View } from "./view.js";

const QUIET_MS = 700; // an answer that stands this long is read out

const element = (id) => document.getElementById(id);

const view = new View();
const board = new Board(element("board"), changed);
const recogniser = new Recogniser(setProgress);
let model = null;
let status = { key: "loading", values: { percent: percent(0) } };
let notice = null;
let isStale = false;
let isBusy = false;
let timer = 0;

// For tests, and for pages that build on this one.
window.thumbnet = {
  ready: recogniser.ready.then(() => undefined),
  classNames: [],
  recognise: (pixels, height, width, channels) =>
    recogniser.recognise(pixels, height, width, channels),
  pixels: () => board.pixels(model?.channels ?? 1),
};
window.thumbnet.ready.catch(() => {}); // shown below

function changed() {
  element("hint").hidden = !board.isEmpty;
  element("undo").disabled = !board.canUndo;
  element("clear").disabled = board.isEmpty;
  setNotice(null);
  isStale = true;
  answerLatest();
}

// One question at a time; what was drawn meanwhile is asked once, as it is then.
async function answerLatest() {
  if (isBusy || model === null) return;
  isBusy = true;
  while (isStale) {
    await nextFrame();
    isStale = false;
    view.show(await ask());
    announceWhenQuiet();
  }
  isBusy = false;
}

async function ask() {
  if (board.isEmpty) return null;
  const { pixels, height, width, channels } = board.pixels(model.channels);
  try {
    const answer = await recogniser.recognise(pixels, height, width, channels);
    return board.isEmpty ? null : answer;
  } catch (error) {
    setNotice({ key: "noAnswer", values: { reason: error.message } });
    return null;
  }
}

// Frames stop in a tab that is not seen, and the answer must not.
function nextFrame() {
  return new Promise((resolve) => {
    requestAnimationFrame(resolve);
    setTimeout(resolve, 50);
  });
}

function announceWhenQuiet() {
  clearTimeout(timer);
  timer = setTimeout(() => (board.pointer === null ? view.announce() : announceWhenQuiet()), QUIET_MS);
}

function setProgress(share) {
  element("loading-bar").value = share;
  status = share < 1 ? { key: "loading", values: { percent: percent(share) } } : { key: "starting" };
  renderStatus();
}

function setNotice(next) {
  notice = next;
  renderStatus();
}

function renderStatus() {
  const isReady = model !== null;
  const isFailed = status.key === "failed";
  document.body.classList.toggle("ready", isReady);
  element("loading").hidden = isReady;
  element("loading-bar").hidden = isFailed;
  element("loading").classList.toggle("failed", isFailed);
  element("loading-text").textContent = say(status.key, status.values);
  element("notice").hidden = notice === null;
  element("notice").textContent = notice === null ? "" : say(notice.key, notice.values);
}

function renderWords() {
  translatePage();
  renderStatus();
  view.render();
}

element("undo").addEventListener("click", () => board.undo());
element("clear").addEventListener("click", () => board.clear());
element("language").addEventListener("click", () => {
  switchLanguage();
  renderWords();
});
document.addEventListener("keydown", (event) => {
  const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
  if (!isUndo && event.key !== "Delete" && event.key !== "Escape") return;
  event.preventDefault();
  if (isUndo) board.undo();
  else board.clear();
});
receivePictures({
  paper: element("paper"),
  choosers: [[element("open"), element("file")]],
  onPicture: (picture) => board.show(picture),
  onFailure: (name) => setNotice({ key: "noPicture", values: { name } }),
});
renderWords();

try {
  model = await recogniser.ready;
  window.thumbnet.classNames = model.class_names;
  view.setModel(model);
  renderWords();
  answerLatest();
} catch (error) {
  status = { key: "failed", values: { reason: error.message } };
  renderStatus();
}
