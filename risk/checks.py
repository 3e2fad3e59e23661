"""System checks of the risk tools: a file that cannot be read, or says other than its own examples, is an error."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from accounts.definitions import Seed, seeds
from risk.rules import KNOWN_FACTS
from risk.scoring import InvalidTool, failed_examples, load_tool


@register("risk_tools")
def tools_hold_together(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every tool reads, comes to what its worked examples say, and asks only for facts that a file can answer."""
    return [
        Error(f"The risk tool '{seed.key}' version {seed.version}: {fault}", id="risk.E001")
        for seed in seeds()
        if seed.kind == "risk_tool"
        for fault in faults_of(seed)
    ]


def faults_of(seed: Seed) -> list[str]:
    """What is wrong with one tool file, in words; empty when nothing is."""
    try:
        tool = load_tool(seed.body)
    except InvalidTool as invalid:
        return [str(invalid)]
    unknown = sorted(set(tool.facts) - KNOWN_FACTS)
    return failed_examples(tool) + [f"a child's file cannot answer the fact '{fact}'" for fact in unknown]
