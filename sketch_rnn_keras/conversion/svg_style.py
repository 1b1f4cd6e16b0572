"""How SVG elements are drawn, as far as it matters for pen strokes. Enter: attributes and style sheets, as text.

tinycss2 reads the style sheets. Only simple selectors are understood, which are those that drawing programs write.
"""

import re
from collections.abc import Iterable, Mapping

import tinycss2

PROPERTIES = ("display", "fill", "stroke", "stroke-width", "transform", "transform-origin", "visibility")
_SIMPLE = re.compile(r"\*|[\w-]+|[\w-]*\.[\w-]+|#[\w-]+")


class StyleSheet:
    """The rules of all `<style>` elements whose selector is `*`, a tag, `.class`, `tag.class` or `#id`."""

    def __init__(self) -> None:
        self._rules: dict[str, dict[str, tuple[int, str]]] = {}
        self._count = 0

    def add(self, text: str) -> int:
        """Adds the rules of a style sheet; returns how many selectors it has of other kinds, which are passed over."""
        others = 0
        for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
            if rule.type != "qualified-rule":
                continue
            declared = _declarations(rule.content)
            for selector in tinycss2.serialize(rule.prelude).split(","):
                if not _SIMPLE.fullmatch(selector.strip()):
                    if declared:
                        others += 1
                    continue
                self._count += 1
                known = self._rules.setdefault(selector.strip(), {})
                known.update({name: (self._count, value) for name, value in declared.items()})
        return others

    def style_of(self, tag: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """The properties that an element sets itself: attributes, then rules, then its style attribute."""
        own = {name: attributes[name].strip() for name in PROPERTIES if name in attributes}
        if not self._rules and "style" not in attributes:
            return own
        classes = attributes.get("class", "").split()
        ranks = (["*"], [tag], [f".{name}" for name in classes], [f"{tag}.{name}" for name in classes])
        for selectors in (*ranks, [f"#{attributes.get('id', '')}"]):
            best: dict[str, tuple[int, str]] = {}
            for selector in selectors:
                for name, (place, value) in self._rules.get(selector, {}).items():
                    best[name] = max(best.get(name, (0, "")), (place, value))
            own |= {name: value for name, (_, value) in best.items()}
        return own | (_declarations(attributes["style"]) if "style" in attributes else {})


def _declarations(source: str | Iterable) -> dict[str, str]:
    parsed = tinycss2.parse_blocks_contents(source, skip_comments=True, skip_whitespace=True)
    return {
        item.lower_name: tinycss2.serialize(item.value).strip()
        for item in parsed
        if item.type == "declaration" and item.lower_name in PROPERTIES
    }
