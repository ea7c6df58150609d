"""The recogniser: raw pixels in; label, probability and refusal out (onnxruntime, no torch)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thumbnet.errors import ImageError, ModelError
from thumbnet.inference.locate import find_recogniser
from thumbnet.inference.model_file import OUTPUT_NAMES, ModelFile, read_model_file
from thumbnet.inference.pictures import batches, decode_pictures
from thumbnet.prediction import Prediction

if TYPE_CHECKING:
    import numpy as np

BATCH_SIZE = 64

# Probabilities are float32 sums, so they may leave [0, 1] by a rounding.
_ROUNDING = 1e-4
_QUIET = 3


@dataclass(frozen=True)
class Answers:
    """What the network says of N pictures of one shape.

    Attributes:
        label: int64 ``(N,)``, index of a class name.
        probability: float32 ``(N,)``, of the label.
        probabilities: float32 ``(N, K)``, summing to 1.
        refused: bool ``(N,)``, whether the picture is none of the classes.
        score: float32 ``(N,)`` in [0, 1]; refused is a score below the threshold.
        seen: what the network saw, uint8 ``(N, h, w)`` for grey models, ``(N, h, w, 3)`` for RGB.
    """

    label: np.ndarray
    probability: np.ndarray
    probabilities: np.ndarray
    refused: np.ndarray
    score: np.ndarray
    seen: np.ndarray


class Recogniser:
    """A single-file recogniser that is ready to answer, from any number of threads.

    Attributes:
        class_names: what the labels 0, 1, … mean.
        metadata: how the file was made and what its answers mean.
        sha256: of the file, as its seal says.
    """

    class_names: tuple[str, ...]
    metadata: dict[str, Any]
    sha256: str

    def __init__(self, file: ModelFile, session: Any) -> None:
        """Take a checked file and the onnxruntime session of it; ``load`` makes both."""
        self.class_names = file.class_names
        self.metadata = file.metadata
        self.sha256 = file.sha256
        self._session = session

    @classmethod
    def load(cls, path: Path | str, *, threads: int | None = None) -> Recogniser:
        """Check a file that ``thumbnet export`` wrote, and load it.

        Args:
            path: the ``.onnx`` file, a model or run folder that holds one, or ``"digits"``, the
                recogniser that is part of the package.
            threads: how many threads answer one batch; as many as there are cores by default.

        Raises:
            ModelError: the file is missing, damaged or no recogniser, or ``threads`` is below 1.
        """
        if threads is not None and threads < 1:
            raise ModelError("too few threads", got=threads, expected="1 or more")
        file = read_model_file(find_recogniser(path) or path)
        return cls(file, start_session(file.content, threads, str(path)))

    def predict(self, images: Any, *, batch_size: int = BATCH_SIZE) -> list[Prediction]:
        """Recognise pictures of any size, dark on light or light on dark, grey or in colour.

        Args:
            images: one picture or an iterable of them. A picture is a path, the bytes of a file, a
                PIL image, or a uint8 array ``(H, W)`` or ``(H, W, C)`` with C = 1, 3 or 4 (RGBA).
                One array ``(N, H, W, C)`` is N pictures, and so is ``(N, H, W)`` unless its last
                axis is 1, 3 or 4: that is one picture.
            batch_size: how many pictures of one shape are recognised at once; fewer if they are
                large.

        Returns:
            One prediction for each picture, in order.

        Raises:
            ImageError: a picture cannot be read or is none; the error names its file or its index.
            ModelError: the network cannot answer, or ``batch_size`` is below 1.
        """
        if batch_size < 1:
            raise ModelError("the batch is too small", got=batch_size, expected="1 or more")
        predictions: dict[int, Prediction] = {}
        for indices, pixels in batches(decode_pictures(images), batch_size):
            predictions.update(zip(indices, self._predictions(self.run(pixels)), strict=True))
        return [predictions[index] for index in range(len(predictions))]

    def run(self, pixels: np.ndarray) -> Answers:
        """Recognise N pictures of one shape at once.

        Args:
            pixels: uint8 ``(N, H, W, C)``, C 1 (grey) or 3 (RGB), none of them 0.

        Raises:
            ImageError: the pixels are of another form.
            ModelError: the network cannot answer, or its answers are of another form.
        """
        import numpy as np

        _check_pixels(pixels)
        # The search for the ink takes a megabyte a picture, and one that is not framed makes all
        # of its batch be searched.
        starts = range(0, len(pixels), BATCH_SIZE)
        parts = [self._run(pixels[start : start + BATCH_SIZE]) for start in starts]
        if len(parts) == 1:
            return parts[0]
        names = [each.name for each in fields(Answers)]
        return Answers(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def _run(self, pixels: np.ndarray) -> Answers:
        import numpy as np

        with _as_model_error("the recogniser cannot answer"):
            found = self._session.run(OUTPUT_NAMES, {"pixels": np.ascontiguousarray(pixels)})
        answers = Answers(*found)
        self._check(answers, len(pixels))
        return answers

    def _check(self, answers: Answers, count: int) -> None:
        """Raise unless the answers are of the form that the contract of the file says."""
        num_classes = len(self.class_names)
        expected = [
            (answers.label, "int64", (count,)),
            (answers.probability, "float32", (count,)),
            (answers.probabilities, "float32", (count, num_classes)),
            (answers.refused, "bool", (count,)),
            (answers.score, "float32", (count,)),
        ]
        forms_fit = all(
            array.dtype == dtype and array.shape == shape for array, dtype, shape in expected
        )
        seen_fits = answers.seen.dtype == "uint8" and answers.seen.shape[:1] == (count,)
        if not (forms_fit and seen_fits):
            raise _wrong_answer("answers of another form than a recogniser's")
        numbers = (answers.probability, answers.probabilities, answers.score)
        if not all(_is_within(values, 0, 1 + _ROUNDING) for values in numbers):
            raise _wrong_answer("probabilities that are not from 0 to 1")
        if not _is_within(answers.label, 0, num_classes - 1):
            raise _wrong_answer("labels without a class name")

    def _predictions(self, answers: Answers) -> Iterator[Prediction]:
        # tolist gives Python's own numbers, which json takes and numpy's it does not.
        for label, probability, row, refused, score, seen in zip(
            answers.label.tolist(),
            answers.probability.tolist(),
            answers.probabilities.tolist(),
            answers.refused.tolist(),
            answers.score.tolist(),
            answers.seen,
            strict=True,
        ):
            yield Prediction(
                label=self.class_names[label],
                probability=probability,
                probabilities=dict(zip(self.class_names, row, strict=True)),
                refused=refused,
                score=score,
                seen=seen,
            )


def start_session(content: bytes, threads: int | None, name: str) -> Any:
    """Return the onnxruntime session of a checked ONNX file.

    Args:
        content: of the file.
        threads: how many answer one batch; None for as many as there are cores.
        name: of the file, for messages.

    Raises:
        ModelError: onnxruntime cannot load it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    # Never guess the format: what was checked is ONNX, so nothing else may be read from it.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    with _as_model_error(f"'{name}' cannot be loaded"):
        return onnxruntime.InferenceSession(
            content,
            options,
            providers=["CPUExecutionProvider"],
            # Falling back means to print on stdout and to fail a second time.
            enable_fallback=0,
            read_config_from_model=0,
        )


@contextmanager
def _as_model_error(what: str) -> Iterator[None]:
    """Turn whatever onnxruntime raises, which has no class of its own, into a ModelError."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(
            what,
            got=reason,
            expected="a recogniser that this version of onnxruntime can run",
            fix="export it again: thumbnet export RUN",
        ) from error


def _check_pixels(pixels: np.ndarray) -> None:
    import numpy as np

    is_array = isinstance(pixels, np.ndarray)
    if (
        not is_array
        or pixels.dtype != np.uint8
        or pixels.ndim != 4
        or pixels.shape[3] not in (1, 3)
        or pixels.size == 0
    ):
        raise ImageError(
            "pixels of the wrong form",
            got=f"{pixels.dtype} {pixels.shape}" if is_array else type(pixels).__name__,
            expected="uint8 (N, H, W, 1 or 3), none of them 0",
        )


def _is_within(values: np.ndarray, low: float, high: float) -> bool:
    """Whether all values, of which NaN is none, are in the closed range."""
    return bool(((values >= low) & (values <= high)).all())


def _wrong_answer(got: str) -> ModelError:
    return ModelError(
        "the recogniser gave answers that mean nothing",
        got=got,
        expected="what thumbnet export writes",
        fix="export it again: thumbnet export RUN",
    )
