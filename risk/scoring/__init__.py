"""Scoring of risk tools: pure functions over tools that are data.

`load_tool` reads a tool file, `check_answers` says what must be put right, `score` gives a `Result`
that explains itself. No Django here, no clock and no database, so that a score can be computed again
years later from the stored tool and answers and come to the same thing.
"""

from risk.scoring.answers import Answer, InvalidAnswers, Problem, check_answers
from risk.scoring.engine import failed_examples, score
from risk.scoring.loading import InvalidTool, load_tool
from risk.scoring.result import (
    Applied,
    BandReached,
    Line,
    Result,
    hide_categories,
    result_from_dict,
)
from risk.scoring.tool import (
    Band,
    HarmQuestion,
    HarmStatus,
    Item,
    Kind,
    Option,
    Part,
    Section,
    Tool,
    Window,
)

__all__ = [
    "Answer",
    "Applied",
    "Band",
    "BandReached",
    "HarmQuestion",
    "HarmStatus",
    "InvalidAnswers",
    "InvalidTool",
    "Item",
    "Kind",
    "Line",
    "Option",
    "Part",
    "Problem",
    "Result",
    "Section",
    "Tool",
    "Window",
    "check_answers",
    "failed_examples",
    "hide_categories",
    "load_tool",
    "result_from_dict",
    "score",
]
