"""docs/SPEC.md and the tests name the same rules."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_RULE = re.compile(r"\b(G(?:10|[1-9])|[A-Z]{2,5}-\d{1,2})\b")
_STATED = re.compile(r"^(?:- \*\*([A-Z]{2,5}-\d{1,2})\*\*|\| (G\d{1,2}) \|)", re.MULTILINE)


def _stated() -> list[str]:
    return [rule or guarantee for rule, guarantee in _STATED.findall((ROOT / "docs" / "SPEC.md").read_text())]


def _named() -> set[str]:
    families = {rule.rsplit("-", 1)[0] for rule in _stated() if "-" in rule}
    named = set()
    tests = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "web").glob("*/test/**/*.ts*")]
    for path in tests:
        for rule in _RULE.findall(path.read_text()):
            if "-" not in rule or rule.rsplit("-", 1)[0] in families:
                named.add(rule)
    return named


def test_no_rule_is_stated_twice() -> None:
    stated = _stated()
    assert len(stated) > 100
    assert sorted(stated) == sorted(set(stated))


def test_tests_name_only_rules_that_are_stated() -> None:
    assert _named() - set(_stated()) == set()


def test_every_rule_is_held_by_a_test() -> None:
    assert set(_stated()) - _named() == set()


def test_the_threat_model_names_only_rules_that_are_stated() -> None:
    named = set(_RULE.findall((ROOT / "docs" / "security.md").read_text()))
    assert len(named) > 30
    assert named - set(_stated()) == set()
