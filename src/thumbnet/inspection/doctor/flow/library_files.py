"""Pictures and models that are read from files and written to files; seeds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from thumbnet.inspection.doctor.flow.data import raw_images
from thumbnet.inspection.doctor.flow.names import split_of
from thumbnet.inspection.doctor.flow.pictures import UNKNOWN_FACTS
from thumbnet.inspection.doctor.flow.registry import function, method
from thumbnet.inspection.doctor.flow.values import OWN, Value, constant, unknown

if TYPE_CHECKING:
    from thumbnet.inspection.doctor.flow.calls import Call
    from thumbnet.inspection.doctor.flow.interpreter import Interpreter

# The same pictures, moved, turned or filtered.
_CHANGES = (
    *("scipy.ndimage.shift", "scipy.ndimage.rotate", "scipy.ndimage.zoom"),
    *("scipy.ndimage.gaussian_filter", "scipy.ndimage.median_filter", "scipy.ndimage.affine"),
    *("scipy.ndimage.interpolation.", "scipy.ndimage.uniform_filter", "scipy.ndimage.map_coord"),
    *("skimage.transform.rotate", "skimage.transform.warp", "skimage.transform.resize"),
    *("skimage.transform.rescale", "skimage.filters.gaussian", "skimage.util.random_noise"),
    *("cv2.warpAffine", "cv2.warpPerspective", "cv2.rotate", "imutils.rotate"),
)
_GREY = ("IMREAD_GRAYSCALE",)
_CONVERTED = re.compile(r"COLOR_BGR2(RGB|GRAY|LAB|HSV|YUV|YCR)", re.IGNORECASE)


def _own(made: Call, **facts: Any) -> Value:
    place = made.first()
    words = place.text or str(place.facts.get("words", ""))
    known = {
        "family": None,
        "size_px": None,
        "scaled": False,
        "normalised": False,
        "inverted": False,
        "random": (),
        "is_single": True,
        "file": words,
    }
    return Value("images", splits=frozenset((OWN,)), facts={**known, **facts}, node=made.node)


@function("PIL.Image.open", "skimage.io.imread", "imageio.imread", "imageio.v3.imread")
def _open(_interpreter: Interpreter, made: Call) -> Value:
    return _own(made, layout="pil" if made.name.startswith("PIL") else "hwc?")


@function("matplotlib.pyplot.imread", "matplotlib.image.imread")
def _matplotlib(_interpreter: Interpreter, made: Call) -> Value:
    # A PNG is read as numbers up to 1, others up to 255.
    return _own(made, layout="hwc?", scaled=None)


@function("cv2.imread", "cv2.imdecode")
def _opencv(_interpreter: Interpreter, made: Call) -> Value:
    flag = made.get("flags", 1)
    is_grey = flag is not None and (flag.tail in _GREY or flag.constant == 0)
    is_colour = flag is None or flag.tail == "IMREAD_COLOR" or flag.constant == 1
    return _own(made, bgr=is_colour, layout="hwc" if is_colour else None, is_grey=is_grey)


@function("cv2.VideoCapture")
def _camera(_interpreter: Interpreter, made: Call) -> Value:
    return Value("camera", node=made.node)


@method("camera", "read")
def _frame(_interpreter: Interpreter, made: Call) -> Value:
    frame = _own(made, bgr=True, layout="hwc", is_grey=False)
    return Value("tuple", items=[Value(), frame])


@function("torchvision.io.read_image", "torchvision.io.decode_image")
def _read_image(_interpreter: Interpreter, made: Call) -> Value:
    return _own(made, layout="chw")


@function("keras.utils.load_img", "keras.preprocessing.image.load_img")
def _load_img(_interpreter: Interpreter, made: Call) -> Value:
    return _own(made, layout="pil")


@function("keras.utils.img_to_array", "keras.preprocessing.image.img_to_array")
def _img_to_array(_interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    return value.copy(facts={"layout": None}) if value.kind == "images" else made.result()


@function("cv2.cvtColor")
def _convert_colour(_interpreter: Interpreter, made: Call) -> Value:
    value, code = made.first(), made.get("code", 1)
    if value.kind != "images":
        return made.result()
    is_converted = code is None or not code.name or bool(_CONVERTED.search(code.name))
    facts: dict[str, Any] = {"bgr": False} if is_converted else {}
    if code is not None and "GRAY" in code.name:
        facts["layout"] = None
    return value.copy(facts=facts)


@function("cv2.resize", "cv2.GaussianBlur", "cv2.blur", "cv2.medianBlur", "cv2.dilate", "cv2.flip")
def _kept(_interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    if value.kind != "images":
        return made.result()
    if made.tail == "resize":
        size = made.get("dsize", 1)
        sides = [item.number for item in (size.items or [])] if size is not None else []
        known = [int(side) for side in sides if side is not None]
        return value.copy(facts={"size_px": min(known) if known else None})
    return value.copy()


@method("images", "resize", "thumbnail", "crop")
def _resize(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    size = made.get("size", 0)
    known = [int(i.number) for i in (size.items or ()) if i.number] if size is not None else []
    size_px = min(known) if known and made.name == "resize" else None
    return made.owner.copy(facts={"size_px": size_px})


@method("images", "convert")
def _convert(_interpreter: Interpreter, made: Call) -> Value:
    assert made.owner is not None
    mode = made.first().text or ""
    layout = made.owner.facts.get("layout")
    if layout == "pil" and mode.startswith("RGB"):
        layout = "pil-colour"
    return made.owner.copy(facts={"layout": layout, "mode": mode})


@function("PIL.Image.fromarray", "PIL.Image.new")
def _from_array(_interpreter: Interpreter, made: Call) -> Value:
    value = made.first()
    if value.kind != "images":
        return unknown(value, kind="images", facts=dict(UNKNOWN_FACTS))
    colours = value.facts.get("layout") in ("hwc", "pil-colour")
    return value.copy(facts={"layout": "pil-colour" if colours else "pil"})


@function("scipy.io.loadmat")
def _matlab(_interpreter: Interpreter, made: Call) -> Value:
    """Handle SVHN's own files, in which the axis of the pictures is the last."""
    words = _words_of(made.first())
    if "32x32" not in words and "svhn" not in words.lower():
        return made.result()
    split = next((found for part in words.split("/")[::-1] if (found := split_of(part))), None)
    splits = frozenset((split,)) if split else frozenset()
    pictures = raw_images("svhn", 32, colours=True, layout="hwcn")
    pictures.splits, pictures.node = splits, made.node
    return Value("dict", fields={"X": pictures, "y": Value("labels", splits=splits)})


@function("pickle.load", "pickle.loads")
def _unpickle(_interpreter: Interpreter, made: Call) -> Value:
    """Handle CIFAR's own files, which are known by their keys, written as bytes."""
    given = made.keywords.get("encoding")
    if given is None or given.text != "bytes":
        return made.result()
    rows = raw_images("cifar", 32, colours=True, layout="rows")
    labels = Value("labels")
    fields: dict[Any, Value] = {b"data": rows, ...: Value()}
    fields |= dict.fromkeys((b"labels", b"fine_labels", b"coarse_labels"), labels)
    return Value("dict", fields=fields, node=made.node)


def _words_of(place: Value) -> str:
    return place.text or str(place.facts.get("words", ""))


@function("torch.save")
def _torch_save(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("save", made.node, made.get("obj", 0) or Value(), by="torch.save")
    return constant(None)


@function("torch.load")
def _torch_load(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("load", made.node, Value(), weights_only=made.get("weights_only"))
    place = made.first()
    words = place.text or str(place.facts.get("words", ""))
    return Value("loaded", facts={"words": words}, node=made.node)


@function(
    *("pickle.dump", "pickle.dumps", "joblib.dump", "dill.dump", "cloudpickle.dump"),
    *("cloudpickle.dumps", "sklearn.externals.joblib.dump"),
)
def _pickle(interpreter: Interpreter, made: Call) -> Value:
    interpreter.note("save", made.node, made.first(), by=made.name)
    return constant(None)


@method("loaded", "eval", "train", "to", "float", "cuda", "cpu", "half")
def _loaded_model(interpreter: Interpreter, made: Call) -> Value:
    from thumbnet.inspection.doctor.flow.registry import METHODS

    assert made.owner is not None
    return METHODS["model"][made.name](interpreter, made.copy_for(as_model(made.owner)))


def as_model(loaded: Value) -> Value:
    """Take what came out of a file for a whole model, in whichever mode it was saved."""
    loaded.kind = "model"
    loaded.facts["weights_from"] = loaded.facts.get("words") or "a file"
    loaded.facts["is_loaded_whole"] = True
    return loaded


def by_family(_interpreter: Interpreter, made: Call) -> Value | None:
    """Handle paths, whose words tell what lies there, and what Pillow does to pictures."""
    if made.name.startswith("PIL.ImageOps.") and made.first().kind == "images":
        return made.first().copy(facts={"size_px": None})
    if made.name.startswith(_CHANGES) and made.first().kind == "images":
        return made.first().copy(facts={"size_px": None})
    if made.name in ("pathlib.Path", "os.path.join", "pathlib.PurePath", "os.path.expanduser"):
        texts = [v.text or str(v.facts.get("words", "")) for v in made.arguments]
        words = "/".join(text for text in texts if text)
        return Value("path", facts={"words": words}, node=made.node)
    return None


@method("path constant", "__truediv__", "joinpath")
def _join_path(_interpreter: Interpreter, made: Call) -> Value:
    owner = made.owner or Value()
    texts = [
        owner.text or str(owner.facts.get("words", "")),
        *(v.text or "" for v in made.arguments),
    ]
    return Value("path", facts={"words": "/".join(texts)})
