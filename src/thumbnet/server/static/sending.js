// What is sent for the content of the paper: a file as it came where that is possible.

import { decode } from "./pictures.js";

const MAX_BYTES = 10_000_000; // what the server takes
const MAX_SIDE_PX = 3072;
const AS_IT_IS = ["image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif"];

/** The file, or a smaller JPEG where it is too large or of a kind that only browsers read. */
export async function toSend(file) {
  if (file.size <= MAX_BYTES && AS_IT_IS.includes(file.type)) return file;
  return encode(await decode(file, MAX_SIDE_PX), "image/jpeg", 0.92);
}

/** The paper with strokes as a PNG. */
export function paperToSend(board) {
  board.pixels(1); // paints them on the hidden canvas
  return encode(board.hidden, "image/png");
}

function encode(canvas, type, quality) {
  return new Promise((resolve) => canvas.toBlob(resolve, type, quality));
}
