// Write or show a photo, and the answer appears: this file joins the paper, the server and the view.

import { AnswerView } from "./answer.js";
import { Board } from "./board.js";
import { Boxes } from "./boxes.js";
import { Client } from "./client.js";
import { Collecting } from "./collect.js";
import { say, spokenLanguage, switchLanguage, translatePage } from "./language.js";
import { Newest } from "./newest.js";
import { receivePictures } from "./pictures.js";
import { paperToSend, toSend } from "./sending.js";
import { startTheme } from "./theme.js";

const ANNOUNCE_MS = 700; // an answer that stands this long is read out

const element = (id) => document.getElementById(id);

const files = new WeakMap(); // picture on the paper → the promise of the file to send for it
const client = new Client();
const board = new Board(element("board"), changed);
const view = new AnswerView(select);
const boxes = new Boxes(element("boxes"), select);
const collecting = new Collecting(collect, explain);
const newest = new Newest(ask, { onAnswer: answered, onProblem: failed });
let server = null; // what it says of itself
let shownPicture = null;
let wrongFile = null; // the name of a file that is no picture
let problem = null; // the ServerError that stands in the way
let timer = 0;

function changed() {
  element("hint").hidden = !board.isEmpty;
  element("undo").disabled = !board.canUndo;
  element("clear").disabled = board.isEmpty;
  wrongFile = null;
  renderProblems();
  if (board.isEmpty || board.sheet.picture !== shownPicture) {
    shownPicture = board.sheet.picture;
    newest.giveUp();
    view.selected = 0;
    show(null);
    if (board.isEmpty) announceWhenQuiet();
  }
  newest.soon();
}

// Asked again after a failure, so it looks at the paper as it is then.
async function ask(signal) {
  if (server === null) {
    server = await client.models(signal);
    renderServer();
  }
  if (board.isEmpty) return null;
  return client.read(await pictureToSend(), spokenLanguage(), signal);
}

function pictureToSend() {
  const { picture, strokes } = board.sheet;
  return picture && strokes.length === 0 ? files.get(picture) : paperToSend(board);
}

function answered(reading) {
  problem = null;
  renderProblems();
  if (board.isEmpty) return;
  show(reading);
  announceWhenQuiet();
}

function failed(error) {
  problem = error;
  renderProblems();
  show(null);
}

function announceWhenQuiet() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (board.pointer === null) view.announce();
    else announceWhenQuiet();
  }, ANNOUNCE_MS);
}

// The reading of what is on the paper, or null as long as there is none.
function show(reading) {
  view.show(reading, board.isEmpty);
  showSelected();
}

function select(index) {
  view.select(index);
  showSelected();
}

function showSelected() {
  boxes.show(view.reading, view.selected, board.sheet.picture !== null);
  collecting.digit = view.digit;
}

function collect(label, seen) {
  return client.collect(label, seen, new AbortController().signal);
}

function explain({ key, reason }) {
  return say(key, { reason: reason && ` (${reason})` });
}

function renderProblems() {
  let text = "";
  if (wrongFile !== null) text = say("noPicture", { name: wrongFile });
  else if (problem !== null) text = explain(problem) + (problem.isPassing ? say("again") : "");
  const notice = element("notice");
  notice.hidden = text === "";
  // Set only when it changes: an alert is read out each time.
  if (notice.textContent !== text) notice.textContent = text;
  element("token-form").hidden = !problem?.isAboutToken;
}

function renderServer() {
  if (server === null) return;
  const { name, thumbnet_version: version } = server.models[0]; // the one that reads by default
  element("model").textContent = say("model", { name, version });
  element("privacy").textContent = say(server.collect ? "privacyCollect" : "privacy");
  element("collect").hidden = !server.collect;
}

function renderWords() {
  translatePage();
  renderServer();
  renderProblems();
  view.render();
  collecting.render();
}

element("undo").addEventListener("click", () => board.undo());
element("clear").addEventListener("click", () => board.clear());
element("language").addEventListener("click", () => {
  switchLanguage();
  renderWords();
  newest.soon(0); // for the diagnosis in the other language
});
element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  client.token = element("token").value;
  newest.soon(0);
});
document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement) return;
  const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
  if (!isUndo && event.key !== "Delete" && event.key !== "Escape") return;
  event.preventDefault();
  if (isUndo) board.undo();
  else board.clear();
});
receivePictures({
  paper: element("paper"),
  choosers: [
    [element("open"), element("file")],
    [element("camera"), element("photo")],
  ],
  onPicture: (shown, file) => {
    files.set(shown, toSend(file));
    board.show(shown);
  },
  onFailure: (name) => {
    wrongFile = name;
    renderProblems();
  },
});
startTheme(element("theme"));
renderWords();
newest.soon(0);
