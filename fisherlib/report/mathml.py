"""Markdown as HTML, with its mathematics as MathML."""

import re
from html import escape

import latex2mathml.converter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath


def markdown(source: str) -> str:
    """Markdown with LaTeX between dollars, as HTML."""
    return str(MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(source))


class _Renderer(IPythonRenderer):
    """Mathematics as MathML, which browsers draw themselves; nbconvert would load a script from the network."""

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return _mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def _mathml(latex: str, display: str) -> str:
    # latex2mathml knows no \arg, no starred operators and no spaces in them, and argmin is written with these.
    latex = re.sub(r"\\arg\s*\\(min|max)\b", r"\\operatorname{arg\1}", latex.strip())
    latex = re.sub(r"\\operatorname\*?\{arg(?:\\,|\s)*(min|max)\}", r"\\operatorname{arg\1}", latex)
    try:
        return latex2mathml.converter.convert(latex, display=display)
    except Exception:  # its errors share no base class; show the source instead
        return f"<code>{escape(latex)}</code>"
