"""Recipes: a TOML file that says everything that a training run needs, typed and validated."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from thumbnet.models.folder import Views
from thumbnet.models.registry import RESERVED_ARGUMENTS

OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop", "adagrad", "muon"]
ScheduleName = Literal["constant", "step", "linear", "cosine", "one-cycle"]
LossName = Literal["cross-entropy", "mse"]
Precision = Literal["auto", "fp32", "bf16"]

FRAMED_DATA = frozenset({"mnist", "qmnist", "emnist-digits", "emnist-letters", "emnist-balanced"})
"""Data sets whose glyphs were fitted to 20×20 and placed in 28×28 by their centre of mass."""

OPTIMIZER_KEYS: dict[str, set[str]] = {
    "sgd": {"momentum", "nesterov", "weight_decay"},
    "adam": {"betas", "epsilon", "weight_decay"},
    "adamw": {"betas", "epsilon", "weight_decay"},
    "rmsprop": {"momentum", "epsilon", "weight_decay"},
    "adagrad": {"epsilon", "weight_decay"},
    "muon": {
        "momentum",
        "other_learning_rate",
        "bias_learning_rate",
        "other_momentum",
        "weight_decay",
    },
}


class Section(BaseModel):
    """A part of a recipe: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NamedSection(Section):
    """A part that is chosen by name; ``optimizer = "adam"`` is short for ``{name = "adam"}``."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class DataSection(NamedSection):
    """Which images are trained on, and how the validation set is cut from them."""

    name: str = Field("mnist", description="a catalogue name, or folder:PATH")
    validation: int | float = Field(
        0, ge=0, description="images held out of train: a number, or a fraction below 1"
    )
    validation_from: Literal["stratified", "last"] = Field(
        "stratified", description="the same share of each class by split_seed, or the last images"
    )
    split_seed: int = Field(0, ge=0, description="chooses the stratified validation images")
    shuffle: bool = Field(True, description="a new order every epoch")
    limit: int | None = Field(
        None, ge=1, description="train on this many images only, stratified by split_seed"
    )

    @field_validator("validation")
    @classmethod
    def _validation_is_a_count_or_a_fraction(cls, value: int | float) -> int | float:
        if value >= 1 and value != int(value):
            raise ValueError("validation must be a whole number, or a fraction below 1")
        return value


class InputSection(Section):
    """What the model sees: ``(pixel / scale - mean) / std``."""

    channels: Literal[1, 3] = Field(1, description="1 for grey, 3 for RGB")
    size_px: int = Field(28, ge=4, le=512, description="height and width")
    scale: float = Field(255.0, gt=0, description="what a pixel is divided by")
    frame: Literal["auto", "mnist", "resize"] = Field(
        "auto",
        description="how any picture becomes one of this size: mnist puts a glyph's ink where "
        "MNIST's is, resize keeps the whole picture; auto: mnist for data framed so",
    )
    mean: tuple[float, ...] | Literal["train"] = Field(
        (), description='per channel; "train" computes it from the training images'
    )
    std: tuple[float, ...] | Literal["train"] = Field(
        (), description='per channel; "train" computes it from the training images'
    )

    @property
    def shape(self) -> tuple[int, int]:
        """``(channels, size_px)``."""
        return self.channels, self.size_px

    @model_validator(mode="after")
    def _mnist_frame_is_mnists(self) -> InputSection:
        if self.frame == "mnist" and self.shape != (1, 28):
            raise ValueError("the mnist frame is grey and of 28 px")
        return self

    @model_validator(mode="after")
    def _one_per_channel(self) -> InputSection:
        for name in ("mean", "std"):
            values = getattr(self, name)
            if values != "train" and len(values) not in (0, 1, self.channels):
                raise ValueError(f"{name} needs {self.channels} values, one for each channel")
        if self.std != "train" and not all(value > 0 for value in self.std):
            raise ValueError("std must be positive")
        return self


class AugmentationSection(Section):
    """Random changes of the training images, drawn anew for every batch."""

    rotation_degrees: float = Field(0.0, ge=0, le=180)
    translation_px: float = Field(0.0, ge=0)
    scale: float = Field(0.0, ge=0, lt=1, description="factor in 1 ± this")
    shear_degrees: float = Field(0.0, ge=0, lt=80)
    aspect: float = Field(
        0.0, ge=0, le=1, description="logarithm of width over height changes by ± this"
    )
    crop_padding_px: int = Field(0, ge=0, description="whole-pixel shifts, edges reflected")
    elastic_px: float = Field(
        0.0, ge=0, description="deviation of a smooth random displacement of the pixels"
    )
    flip: bool | Literal["alternating"] = Field(
        False,
        description="left to right with probability ½, or every other epoch; never for digits",
    )


class InkSection(Section):
    """What pens, paper and cameras do to glyphs in MNIST's frame; each is framed anew after it."""

    share: float = Field(0.0, ge=0, le=1, description="glyphs that are changed; the rest stay")
    stroke_px: float = Field(
        0.0, ge=0, le=4, description="strokes are wider or narrower by up to this on each side"
    )
    resolution_px: int = Field(
        20, ge=4, le=20, description="fewest pixels to the height of a coarsely scanned glyph"
    )
    resolution_share: float = Field(0.0, ge=0, le=1, description="coarsely scanned glyphs")
    blur_share: float = Field(0.0, ge=0, le=1, description="blurred glyphs")
    gap_share: float = Field(0.0, ge=0, le=1, description="glyphs with broken strokes")
    noise: float = Field(0.0, ge=0, le=255, description="largest deviation of grain on the ink")
    neighbour_share: float = Field(
        0.0, ge=0, le=1, description="glyphs into which a neighbour reaches"
    )
    shift_px: float = Field(0.0, ge=0, description="deviation of the frame's place")
    stretch: float = Field(0.0, ge=0, lt=0.5, description="deviation of the frame's scale")

    @property
    def is_used(self) -> bool:
        """Whether anything changes."""
        return self.share > 0


class MadeSection(Section):
    """Pictures that are made and added to the training images; numbers are shares of those."""

    digits: float = Field(
        0.0, ge=0, le=2, description="written in forms that MNIST hardly has, and printed"
    )
    redrawn: float = Field(
        0.0, ge=0, le=1, description="digits of the data set, written again with other pens"
    )
    negatives: float = Field(
        0.0, ge=0, le=2, description="none of the classes: what the network learns to refuse"
    )

    @property
    def is_used(self) -> bool:
        """Whether anything is made."""
        return max(self.digits, self.redrawn, self.negatives) > 0


class ProgressiveSection(Section):
    """Smaller pictures at first: a step costs in proportion to their area."""

    sizes_px: tuple[int, ...] = Field((), description="heights and widths before the full size")
    until: tuple[float, ...] = Field(
        (), description="for each, the share of the epochs at which it ends"
    )

    @model_validator(mode="after")
    def _stages_fit(self) -> ProgressiveSection:
        if len(self.sizes_px) != len(self.until):
            raise ValueError("progressive.sizes_px and progressive.until need the same length")
        if any(size < 4 for size in self.sizes_px):
            raise ValueError("progressive.sizes_px must be at least 4")
        if list(self.until) != sorted(set(self.until)) or any(
            not 0 < share <= 1 for share in self.until
        ):
            raise ValueError("progressive.until must rise, above 0 and at most 1")
        return self


class SelectionSection(Section):
    """Which of the training images are trained on: all, or the hardest for a small proxy."""

    hardest: float = Field(
        1.0, gt=0, le=1, description="fraction with the largest loss; 1 trains on all"
    )
    others: float = Field(0.0, ge=0, lt=1, description="fraction drawn from the rest")
    proxy_width: int = Field(64, ge=1, description="hidden units of the perceptron that chooses")

    @model_validator(mode="after")
    def _fractions_fit(self) -> SelectionSection:
        if self.hardest + self.others > 1 + 1e-9:
            raise ValueError("hardest and others together must be at most 1")
        return self


class ModelSection(NamedSection):
    """The network: its registered name, and its own keyword arguments beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = "cnn"

    @model_validator(mode="after")
    def _arguments_are_the_familys_own(self) -> ModelSection:
        if reserved := RESERVED_ARGUMENTS & self.arguments.keys():
            raise ValueError(f"{', '.join(sorted(reserved))} follows from the data and the input")
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments for ``build_model``."""
        return dict(self.model_extra or {})


class LossSection(NamedSection):
    """What is minimised."""

    name: LossName = "cross-entropy"
    label_smoothing: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _smoothing_fits(self) -> LossSection:
        if self.name == "mse" and self.label_smoothing:
            raise ValueError("label_smoothing belongs to cross-entropy")
        return self


class OptimizerSection(NamedSection):
    """How gradients become steps."""

    name: OptimizerName = "sgd"
    learning_rate: float = Field(0.01, gt=0, description="the peak, where a schedule changes it")
    momentum: float = Field(0.0, ge=0, lt=1)
    nesterov: bool = False
    weight_decay: float = Field(0.0, ge=0)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(1e-8, gt=0)
    other_learning_rate: float = Field(
        0.1, gt=0, description="for muon: of what is not a convolution filter"
    )
    bias_learning_rate: float | None = Field(
        None, gt=0, description="for muon: of biases and scales; default: other_learning_rate"
    )
    other_momentum: float = Field(0.9, ge=0, lt=1, description="for muon: of both")

    @model_validator(mode="after")
    def _keys_fit(self) -> OptimizerSection:
        known = OPTIMIZER_KEYS[self.name]
        for key in sorted(self.model_fields_set - {"name", "learning_rate"} - known):
            raise ValueError(f"{self.name} has no {key}; it takes {', '.join(sorted(known))}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError("betas must be at least 0 and below 1")
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class ScheduleSection(NamedSection):
    """The learning rate over time, as a multiple of ``optimizer.learning_rate``."""

    name: ScheduleName = "constant"
    warmup: float = Field(
        0.0, ge=0, lt=1, description="fraction of all steps in which the rate rises from near 0"
    )
    final: float = Field(
        0.0, ge=0, le=1, description="multiple at the end of linear, cosine and one-cycle"
    )
    step_epochs: int = Field(10, ge=1, description="for step: epochs between two drops")
    step_factor: float = Field(0.1, gt=0, le=1, description="for step: the drop")


class EarlyStoppingSection(Section):
    """Stop when validation no longer improves, and keep the best weights."""

    patience_epochs: int = Field(0, ge=0, description="0 trains all epochs and keeps the last")
    metric: Literal["validation_loss", "validation_accuracy"] = "validation_loss"
    min_improvement: float = Field(0.0, ge=0)


class Recipe(Section):
    """One training run, completely. ``thumbnet.training.recipe_file`` reads and saves it."""

    name: str = Field("recipe", description="taken from the file's name")
    description: str = ""
    epochs: int = Field(1, ge=1, le=100_000)
    batch_size: int = Field(64, ge=1)
    seed: int = Field(0, ge=0, lt=2**63)
    precision: Precision = Field(
        "fp32", description="auto: bf16 where it is faster, measured on a CPU"
    )
    channels_last: bool = Field(
        True, description="memory order of pictures, if convolutions see them"
    )
    compile: bool = Field(False, description="torch.compile the model")
    gradient_clip: float | None = Field(None, gt=0, description="largest norm of all gradients")
    ema_decay: float | None = Field(
        None, gt=0, lt=1, description="evaluate and keep this running mean of the weights"
    )
    log_every_steps: int = Field(50, ge=1)
    checkpoint_every_s: float = Field(30.0, ge=0, description="besides the end of every epoch")
    threads: int | None = Field(None, ge=1, description="CPU threads; default: torch's choice")
    data: DataSection = DataSection()
    input: InputSection = InputSection()
    augmentation: AugmentationSection = AugmentationSection()
    ink: InkSection = InkSection()
    made: MadeSection = MadeSection()
    progressive: ProgressiveSection = ProgressiveSection()
    selection: SelectionSection = SelectionSection()
    model: ModelSection = ModelSection()
    loss: LossSection = LossSection()
    optimizer: OptimizerSection = OptimizerSection()
    schedule: ScheduleSection = ScheduleSection()
    early_stopping: EarlyStoppingSection = EarlyStoppingSection()
    views: Views = Views()

    @property
    def frame(self) -> Literal["mnist", "resize"]:
        """``input.frame``, decided."""
        if self.input.frame != "auto":
            return self.input.frame
        is_framed = self.data.name in FRAMED_DATA and self.input.shape == (1, 28)
        return "mnist" if is_framed else "resize"

    @field_validator("name")
    @classmethod
    def _name_is_a_file_name(cls, value: str) -> str:
        if not value or any(character in value for character in '/\\:*?"<>|') or value[0] == ".":
            raise ValueError("name must be usable as a file name")
        return value

    @model_validator(mode="after")
    def _early_stopping_has_validation(self) -> Recipe:
        if self.early_stopping.patience_epochs and not self.data.validation:
            raise ValueError("early_stopping needs data.validation above 0")
        return self

    @model_validator(mode="after")
    def _ink_is_in_the_frame(self) -> Recipe:
        is_used = self.ink.is_used or self.made.is_used
        if is_used and self.frame != "mnist":
            raise ValueError('ink and made pictures need input.frame = "mnist"')
        return self

    @model_validator(mode="after")
    def _sizes_fit(self) -> Recipe:
        if any(size >= self.input.size_px for size in self.progressive.sizes_px):
            raise ValueError("progressive.sizes_px must be below input.size_px")
        return self

    @model_validator(mode="after")
    def _crop_fits(self) -> Recipe:
        if self.augmentation.crop_padding_px >= self.input.size_px:
            raise ValueError("augmentation.crop_padding_px must be below input.size_px")
        return self
