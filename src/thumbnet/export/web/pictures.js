// A picture file from a button, the clipboard or a drop, decoded by the browser.

const MAX_SIDE_PX = 1024;

// A canvas with the picture on white, upright, no side longer; throws what the browser throws.
export async function decode(file, maxSide_px = MAX_SIDE_PX) {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, maxSide_px / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas;
}

/**
 * Call onPicture(canvas, file), or onFailure(name), for every way in which a file can come.
 *
 * @param {{paper: HTMLElement, choosers: [HTMLButtonElement, HTMLInputElement][],
 *   onPicture: Function, onFailure: Function}} options
 */
export function receivePictures({ paper, choosers, onPicture, onFailure }) {
  const take = async (file) => {
    try {
      onPicture(await decode(file), file);
    } catch {
      onFailure(file.name);
    }
  };
  for (const [button, input] of choosers) {
    button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      if (input.files.length > 0) take(input.files[0]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    take(files.find((file) => file.type.startsWith("image/")) ?? files[0]);
  });
  // On the whole page: a picture let go beside the paper must not replace the page.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    paper.classList.toggle("dropping", event.dataTransfer.types.includes("Files"));
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) paper.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    paper.classList.remove("dropping");
    if (event.dataTransfer.files.length > 0) take(event.dataTransfer.files[0]);
  });
}
