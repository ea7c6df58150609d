"""What the doctor says, in English and Chinese, by the code of a finding and its form."""

from __future__ import annotations

from thumbnet.inspection.doctor.findings import Catalogue
from thumbnet.inspection.doctor.words.data import DATA
from thumbnet.inspection.doctor.words.measuring import MEASURING
from thumbnet.inspection.doctor.words.preparing import PREPARING
from thumbnet.inspection.doctor.words.runs import RUNS
from thumbnet.inspection.doctor.words.stepping import STEPPING

CATALOGUE: Catalogue = {**MEASURING, **PREPARING, **STEPPING, **DATA, **RUNS}
